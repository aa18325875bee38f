#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/system_act.h"
#include "lib/dialogue/target_wishes.h"

namespace matinee {

/// How a simulated user behaves.
enum class Persona : std::uint8_t {
  kTerse,       ///< lower case, few words
  kChatty,      ///< greets, and compares with movies they liked
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

struct UserTurn {
  std::string text;
  PreferenceUpdate update;  ///< the meaning of the text
};

/// A user who looks for one movie, the target, without naming it. All answers follow from its facts.
class SimulatedUser {
 public:
  /// Texts are drawn again if `finder` does not find the right names in them, for example after a typing error. All
  /// references must outlive this.
  SimulatedUser(const MovieCatalog& catalog, const Phrasebook& phrasebook, const MentionFinder& finder, MovieId target,
                Persona persona, Random random);
  SimulatedUser(const SimulatedUser&) = delete;
  SimulatedUser& operator=(const SimulatedUser&) = delete;

  /// The answer to the last of the system's acts.
  UserTurn respond(const SystemAct& act);

  MovieId target() const { return target_; }

 private:
  UserTurn answer(Slot slot);
  UserTurn do_not_care(Slot slot);
  std::optional<UserTurn> change_of_mind(std::optional<Slot> asked);
  UserTurn opinion(MovieId movie);
  /// Reacts to a recommendation of `movie`, or to a text about it; `just_named`: the text has its title and year.
  UserTurn react(MovieId movie, bool just_named);
  std::optional<UserTurn> question();
  std::optional<UserTurn> detail(MovieId rejected, bool just_named);
  std::optional<UserTurn> new_wish();
  std::optional<UserTurn> say(const std::optional<Wish>& wish);
  UserTurn say(std::string section, UserAct act);
  bool reads_well(const Wish& wish, const std::string& text) const;
  bool names_target(const std::string& text) const;

  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  const MentionFinder& finder_;
  MovieId target_;
  Persona persona_;
  Random random_;
  TargetWishes wishes_;  // draws from random_
  std::string target_words_;
  std::set<Slot> named_, mistaken_;
  std::set<Fact> asked_facts_;
  std::optional<Wish> mistake_;      // to be taken back
  int turns_ = 0, small_talk_ = -1;  // the turn of the last small talk
  bool asked_why_ = false, hurried_ = false;
};

}  // namespace matinee
