#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/random.h"
#include "lib/dialogue/fact_sets.h"
#include "lib/dialogue/preference_state.h"
#include "lib/understanding/loose_spans.h"
#include "lib/wording/phrasebook.h"

namespace matinee {

/// Something that a user can say: the slots of phrases, and the meaning. The phrasebook has it as a sentence
/// ("u.NAME"), as a part of a noun phrase ("head.NAME" or "of.NAME") and as an item of a list ("bare.NAME").
struct Wish {
  std::string name;
  PhraseSlots slots;
  PreferenceUpdate update;
  PhraseSlots full_names;       ///< for those slots that have a part of a name or a title without its year
  std::vector<MovieId> movies;  ///< in the slots
  std::vector<PersonId> people;
  std::string not_a_name;  ///< a title in the slots that the catalog must not have
};

/// How the user writes people's names.
struct NameStyle {
  double short_form = 0;  ///< probability of a surname or a nickname instead of the full name
  double lower_case = 0;
};

/// Puts genres, years, people and movies into the slots and the meaning of wishes. All by reference.
class WishWords {
 public:
  WishWords(const FactSets& facts, const Phrasebook& phrasebook, NameStyle names, Random& random)
      : catalog_(facts.catalog()),
        phrasebook_(phrasebook),
        names_(names),
        random_(random),
        loose_(facts.newest_year()) {}

  /// True if the phrasebook has words for the genre.
  bool has_words(GenreId genre) const;
  /// Fills the slots for all forms of the genre that the book has (kGenreForms), each between `before` and `after`.
  void add_words(Wish& wish, GenreId genre, std::string_view before, std::string_view after);
  void add_genre(Wish& wish, GenreId genre, std::string_view number = "");
  void add_unwanted_genre(Wish& wish, GenreId genre);
  /// Fills {years} and {from_years} with a span that has `year`.
  void add_years(Wish& wish, std::int32_t year);
  /// Two decades that follow each other, one of them with `year`.
  void add_two_decades(Wish& wish, std::int32_t year);
  /// Fills {not_years}: a decade that does not have `year`, or all years before or after it. False if there is none.
  bool add_unwanted_years(Wish& wish, std::int32_t year);
  /// Fills {runtime} and {of_runtime} with a span that has `minutes`.
  void add_runtime(Wish& wish, std::int32_t minutes);
  void add_person(Wish& wish, PersonId person, bool wanted, std::string_view number = "");
  /// `slot`: "movie", "movie2" ...
  void add_title(Wish& wish, const std::string& slot, MovieId movie);
  std::string expand(const std::string& section, const PhraseSlots& slots = {}) {
    return phrasebook_.expand(section, slots, random_);
  }

 private:
  std::string person_words(PersonId person);

  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  NameStyle names_;
  Random& random_;
  LooseYears loose_;
};

}  // namespace matinee
