#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// What the system does in a turn. Conversations on disk have the names.
enum class SystemActKind : std::uint8_t {
  kGreet,
  kAsk,
  kRecommend,
  kAnswer,
  kExplain,
  kClose,
  kHelp,
  kList,      ///< recommends several movies
  kPropose,   ///< says what it knows about the movie that the user named, and asks if it shall be that one
  kCompare,   ///< compares the ratings of movies that the user named
  kRelax,     ///< says which wishes no movie meets; the nearest movies follow
  kNotFound,  ///< names the titles that the catalog does not have
  kBeyond,    ///< names the wishes that no catalog can serve
  kConfirm,   ///< asks whether the standing recommendation is settled
  kWait,      ///< gives the user time
  kRestart,   ///< begins again, at the user's wish
  kEnglish,   ///< says that only English is understood
};
inline constexpr int kSystemActKinds = 17;
const char* name_of(SystemActKind kind);

/// An act and what it is about.
struct SystemAct {
  SystemActKind kind = SystemActKind::kGreet;
  Slot slot = Slot::kGenre;  ///< kAsk
  MovieId movie = -1;        ///< of most kinds; kHelp, kConfirm, kWait: the movie that stands, or -1
  Fact fact = Fact::kYear;   ///< kAnswer
  /// kRecommend, kExplain, kPropose: `movie` with its reasons, which may be none; kList: those listed, best first, of
  /// which `movie` is the first.
  std::vector<Candidate> candidates{};
  std::vector<MovieId> movies{};       ///< kCompare
  std::vector<BrokenWish> broken{};    ///< kRelax
  std::vector<std::string> unknown{};  ///< kNotFound
  std::vector<Beyond> beyond{};        ///< kBeyond; kForeign has kEnglish
  /// kClose: the user accepted `movie`, or what was listed (-1).
  bool accepted = false;
  /// kHelp: the user asked about "it", or why, and no movie was suggested yet; `movie` is -1. The reply says so.
  bool nothing_yet = false;
};

/// True if the act offers the movie: kRecommend, kPropose or kList.
bool offers(const SystemAct& act, MovieId movie);

/// True if one of the acts asks about the slot.
bool asks_about(std::span<const SystemAct> acts, Slot slot);

}  // namespace matinee
