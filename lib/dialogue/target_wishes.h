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

/// Something a user may say: a section of the phrasebook with its slots filled, and what it means.
struct Wish {
  std::string section;
  PhraseSlots slots;
  PreferenceUpdate update;
  std::vector<MovieId> movies;  ///< named in the slots
  std::vector<PersonId> people;
};

/// How people's names are written.
struct NameStyle {
  double short_form = 0;  ///< probability of a surname or a nickname instead of the full name
  double lower_case = 0;
};

/// How near two movies are to someone who tells one for the other: by genres and years.
enum class Likeness { kAlike, kUnlike, kNeither };
Likeness likeness(const MovieCatalog& catalog, MovieId a, MovieId b);

/// Makes wishes that are true of one movie, as somebody would word them who looks for it. All by reference.
class TargetWishes {
 public:
  TargetWishes(const MovieCatalog& catalog, const Phrasebook& phrasebook, MovieId target, NameStyle names,
               Random& random);

  /// A value of the target; nothing where the catalog does not know one. Runtime and years are spans around it,
  /// genres one or, unless `single`, two.
  std::optional<Wish> about(Slot slot, bool single = false);
  /// What is not wanted, because the target does not have it; slot: genre or person.
  std::optional<Wish> against(Slot slot);
  /// Both in one sentence.
  std::optional<Wish> about_and_against(Slot slot);
  /// Two or three things at once, none of them in `told`, to which they are added.
  std::optional<Wish> several(std::set<Slot>& told);
  /// Something that is not true of the target, to be taken back; slot: genre or years.
  std::optional<Wish> mistaken(Slot slot);
  /// Takes `mistake` back and says what is true.
  std::optional<Wish> correction(const Wish& mistake);
  /// Something that `movie` has and the target has not: why it is turned down.
  std::optional<Wish> objection(MovieId movie);
  /// That the target is older or newer than `movie`.
  std::optional<Wish> other_age(MovieId movie);
  /// A known movie much like the target, or quite unlike it.
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
