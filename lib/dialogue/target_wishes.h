#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"
#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Something that a user can say: a section of the phrasebook, its slots, and the meaning.
struct Wish {
  std::string section;
  PhraseSlots slots;
  PreferenceUpdate update;
  std::vector<MovieId> movies;  ///< in the slots
  std::vector<PersonId> people;
};

/// How the user writes people's names.
struct NameStyle {
  double short_form = 0;  ///< probability of a surname or a nickname instead of the full name
  double lower_case = 0;
};

/// How similar two movies are to a user, by genres and years.
enum class Likeness { kAlike, kUnlike, kNeither };
Likeness likeness(const MovieCatalog& catalog, MovieId a, MovieId b);

/// Makes wishes of a user who looks for one movie, the target. All by reference.
class TargetWishes {
 public:
  TargetWishes(const MovieCatalog& catalog, const Phrasebook& phrasebook, MovieId target, NameStyle names,
               Random& random);

  /// A value of the target, or nothing if the catalog has none. Runtime and years are spans around it. Genres are one
  /// or, unless `single`, two.
  std::optional<Wish> about(Slot slot, bool single = false);
  /// A genre or person that the target does not have.
  std::optional<Wish> against(Slot slot);
  /// Both in one sentence.
  std::optional<Wish> about_and_against(Slot slot);
  /// Two or three slots that are not in `named` yet; adds them to it.
  std::optional<Wish> several(std::set<Slot>& named);
  /// A genre or years that are wrong for the target, to be corrected later.
  std::optional<Wish> mistaken(Slot slot);
  /// Corrects `mistake`.
  std::optional<Wish> correction(const Wish& mistake);
  /// A genre or person that `movie` has and the target has not.
  std::optional<Wish> objection(MovieId movie);
  /// That the target is older or newer than `movie`.
  std::optional<Wish> other_age(MovieId movie);
  /// A movie that is similar to the target, or quite different.
  std::optional<Wish> comparison();

 private:
  MovieId compared(Likeness wanted, MovieId but);
  void add_words(Wish& wish, GenreId genre, std::string_view before, std::string_view after);
  void add_genre(Wish& wish, GenreId genre, std::string_view number);
  void add_unwanted_genre(Wish& wish, GenreId genre);
  void add_years(Wish& wish, std::int32_t year);
  void add_person(Wish& wish, PersonId person, bool wanted);
  std::string genre_words(const std::string& form, GenreId genre);
  bool has_words(GenreId genre) const;
  GenreId other_genre();
  PersonId stranger();

  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  MovieId target_;
  NameStyle names_;
  Random& random_;
};

}  // namespace matinee
