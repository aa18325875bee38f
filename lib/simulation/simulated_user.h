#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/fact_sets.h"
#include "lib/dialogue/system_act.h"
#include "lib/simulation/target_wishes.h"
#include "lib/simulation/user_speech.h"

namespace matinee {

/// How a simulated user behaves.
enum class Persona : std::uint8_t {
  kTerse,       ///< lower case, few words
  kChatty,      ///< greets, tells stories, and compares with movies they liked
  kPicky,       ///< also says what they do not want
  kUndecided,   ///< often has no preference
  kChangeable,  ///< changes their mind
  kVolunteer,   ///< gives two or three preferences at once
  kTypos,       ///< makes typing errors
  kNicknames,   ///< uses surnames and nicknames
  kCurious,     ///< asks about a movie before deciding
  kDemanding,   ///< gives a preference with most rejections
};
inline constexpr int kPersonas = 10;
const char* name_of(Persona persona);

/// A user with some wishes that one movie, the target, meets. The user never names the target. All answers follow from
/// its facts, and only a movie that meets all the wishes, said or not, is accepted.
class SimulatedUser {
 public:
  /// All references must outlive this.
  SimulatedUser(const FactSets& facts, const Phrasebook& phrasebook, const MentionFinder& finder, MovieId target,
                Persona persona, Random random);
  SimulatedUser(const SimulatedUser&) = delete;
  SimulatedUser& operator=(const SimulatedUser&) = delete;

  /// The answer to the system's turn: to its last offer or question.
  UserTurn respond(std::span<const SystemAct> acts);

  MovieId target() const { return target_; }
  /// What the user wants, said or not.
  const PreferenceState& wants() const { return wants_; }
  /// True if the movie meets all wishes, and the user does not know it.
  bool would_accept(MovieId movie) const;
  /// True once such a movie was accepted.
  bool satisfied() const { return accepted_ > 0; }

 private:
  void make_agenda();
  void look_for_another();
  void hear(std::span<const SystemAct> acts);

  TurnDraft opening();
  void add_wishes(TurnDraft& draft, std::size_t count);
  TurnDraft answer(Slot slot);
  TurnDraft do_not_care(Slot slot);
  std::optional<TurnDraft> change_of_mind(std::optional<Slot> asked);
  TurnDraft react(MovieId movie, std::optional<Slot> asked);
  TurnDraft react_to_list();
  std::optional<TurnDraft> question(MovieId movie);
  TurnDraft accept(std::optional<Slot> asked);
  TurnDraft accept_of_list(std::size_t index);
  /// Reactions without a wish, and what goes before a wish.
  TurnDraft known_movie(MovieId movie);
  TurnDraft plain_reaction(MovieId movie);
  std::optional<TurnDraft> wish_after(MovieId movie);
  std::optional<Wish> missing(MovieId movie);
  std::optional<TurnDraft> named_movie();
  std::optional<TurnDraft> take_back();
  TurnDraft after_accepting();
  TurnDraft settled();
  std::optional<Wish> next_wish();
  std::optional<Wish> wish_for(Slot slot);

  UserTurn say(const TurnDraft& draft);
  bool few_meet(const PreferenceState& wants) const;

  const FactSets& facts_;
  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  MovieId target_;
  Persona persona_;
  Random random_;
  UserSpeech speech_;                          // draws from random_
  std::optional<TargetWishes> wishes_;         // draws from random_
  std::vector<std::pair<Slot, Wish>> agenda_;  // not said yet, in the order in which they are said
  PreferenceState wants_, stated_;
  std::set<Slot> said_slots_, mistaken_;
  std::set<MovieId> known_;
  std::set<Fact> asked_facts_;
  std::optional<Wish> mistake_;  // to be taken back
  std::vector<MovieId> offer_;   // of the system's last offer
  bool fresh_ = false, is_list_ = false;
  int turns_ = 0, small_talk_ = 0, accepted_ = 0;  // small_talk_: the turn of the last one
  bool done_ = false, asked_why_ = false, hurried_ = false;
};

}  // namespace matinee
