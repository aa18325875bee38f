#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/act.h"
#include "lib/dialogue/phrasebook.h"

namespace matinee {

/// How a simulated user talks.
enum class Temperament : std::uint8_t {
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
inline constexpr int kTemperaments = 10;
const char* name_of(Temperament temperament);

struct UserTurn {
  std::string text;
  PreferenceUpdate update;  ///< what the text says, true by construction
};

/// Somebody who has one movie in mind and never names it. Every answer follows from that movie's facts.
class SimulatedUser {
 public:
  /// `finder` checks that what is written can be found in the catalogue again (typing errors that nobody could read are
  /// made anew). All references must outlive this.
  SimulatedUser(const MovieCatalog& catalog, const Phrasebook& phrasebook, const MentionFinder& finder, MovieId target,
                Temperament temperament, Random random);

  /// The reaction to the last of the system's acts.
  UserTurn respond(const SystemAct& act);

  MovieId target() const { return target_; }

 private:
  struct Wish {  // a section of the phrasebook, its slots and what it says
    std::string section;
    PhraseSlots slots;
    PreferenceUpdate update;
    std::vector<MovieId> movies;  // named in the slots
    std::vector<PersonId> people;
  };

  UserTurn answer(Slot slot);
  UserTurn opinion(MovieId movie);
  UserTurn react(MovieId movie);
  std::optional<Wish> wish(Slot slot);
  std::optional<Wish> volunteered();
  std::optional<Wish> correction();
  std::optional<Wish> more_detail();
  void add_genre(Wish& wish, GenreId genre, const char* singular, const char* plural);
  void add_not_genre(Wish& wish);
  void add_years(Wish& wish);
  void add_person(Wish& wish, PersonId person, const char* slot);
  PersonId some_stranger();
  GenreId some_other_genre();
  bool tells(Slot slot);
  UserTurn say(const Wish& wish);
  UserTurn say(std::string section, UserAct act);
  std::string pick_word(const std::string& section, const PhraseSlots& slots = {});

  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  const MentionFinder& finder_;
  MovieId target_;
  Temperament temperament_;
  Random random_;
  std::set<Slot> told_;
  std::set<Fact> asked_facts_;
  std::optional<GenreId> false_genre_;  // to be corrected
  int turns_ = 0, rejections_ = 0;
  bool asked_why_ = false;
};

}  // namespace matinee
