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

/// How a simulated user talks.
enum class Persona : std::uint8_t {
  kTerse,       ///< few words
  kChatty,      ///< greets, fills, tells which movie they liked
  kPicky,       ///< says what they do not want, too
  kUndecided,   ///< often does not know
  kChangeable,  ///< says one thing, then another
  kVolunteer,   ///< two or three things at once
  kTypos,       ///< mistypes
  kNicknames,   ///< half names and nicknames
  kCurious,     ///< asks about the movie before deciding
  kDemanding,   ///< turns down whatever it is, twice, and says more each time
};
inline constexpr int kPersonas = 10;
const char* name_of(Persona persona);

struct UserTurn {
  std::string text;
  PreferenceUpdate update;  ///< what the text says, true by construction
};

/// Somebody who has one movie in mind and never names it. Every answer follows from that movie's facts.
class SimulatedUser {
 public:
  /// `finder` checks that the names in what is written mean what they should (typing errors and half names that nobody
  /// could read are made anew). All references must outlive this.
  SimulatedUser(const MovieCatalog& catalog, const Phrasebook& phrasebook, const MentionFinder& finder, MovieId target,
                Persona persona, Random random);
  SimulatedUser(const SimulatedUser&) = delete;
  SimulatedUser& operator=(const SimulatedUser&) = delete;

  /// The reaction to the last of the system's acts.
  UserTurn respond(const SystemAct& act);

  MovieId target() const { return target_; }

 private:
  UserTurn answer(Slot slot);
  UserTurn do_not_care(Slot slot);
  std::optional<UserTurn> change_of_mind(std::optional<Slot> asked);
  UserTurn opinion(MovieId movie);
  /// To a recommendation of `movie`, or to what was said about it; `just_named`: the system's text has its title and
  /// year.
  UserTurn react(MovieId movie, bool just_named);
  std::optional<UserTurn> question();
  std::optional<UserTurn> detail(MovieId rejected, bool just_named);
  std::optional<UserTurn> untold_wish();
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
  std::set<Slot> told_, mistaken_;
  std::set<Fact> asked_facts_;
  std::optional<Wish> mistake_;     // to be taken back
  int turns_ = 0, small_talk_ = 0;  // the turn of the last small talk
  bool asked_why_ = false, hurried_ = false;
};

}  // namespace matinee
