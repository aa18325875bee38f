#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// What the system does in a turn. Conversations on disk have the names.
enum class SystemActKind : std::uint8_t {
  kGreet,
  kAsk,
  kAskOpinion,
  kRecommend,
  kAnswer,
  kExplain,
  kClose,
  kHelp,
  kList,     ///< recommends several movies
  kPropose,  ///< says what it knows about the movie that the user named, and asks if it shall be that one
  kCompare,  ///< compares the ratings of movies that the user named
  kRelax,    ///< says which wishes no movie meets; the nearest movies follow
  kNotFound,  ///< names the titles that the catalog does not have
  kBeyond,   ///< names the wishes that no catalog can serve
  kConfirm,  ///< asks whether the standing recommendation is settled
  kWait,     ///< gives the user time
  kRestart,  ///< begins again, at the user's wish
  kEnglish,  ///< says that only English is understood
};
inline constexpr int kSystemActKinds = 18;
const char* name_of(SystemActKind kind);

/// An act and what it is about.
struct SystemAct {
  SystemActKind kind = SystemActKind::kGreet;
  Slot slot = Slot::kGenre;  ///< kAsk
  MovieId movie = -1;        ///< of most kinds; kHelp, kConfirm, kWait: the standing recommendation, or -1
  Fact fact = Fact::kYear;   ///< kAnswer
  /// kRecommend: best first, `movie` is the first; kList: those listed; kExplain: the movie.
  std::vector<Candidate> candidates{};
  std::vector<MovieId> movies{};       ///< kCompare
  std::vector<BrokenWish> broken{};    ///< kRelax
  std::vector<std::string> unknown{};  ///< kNotFound
  std::vector<Beyond> beyond{};        ///< kBeyond
  bool accepted = false;               ///< kClose: the user accepted the recommendation
};

}  // namespace matinee
