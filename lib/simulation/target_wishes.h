#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/simulation/wish_words.h"

namespace matinee {

/// How similar two movies are to a user, by genres and years.
enum class Likeness { kAlike, kUnlike, kNeither };
Likeness likeness(const MovieCatalog& catalog, MovieId a, MovieId b);

/// Makes wishes of a user who looks for one movie, the target. Every wish is true of the target, unless said otherwise.
/// All by reference.
class TargetWishes {
 public:
  TargetWishes(const FactSets& facts, const Phrasebook& phrasebook, MovieId target, NameStyle names, Random& random);

  /// A value of the target, or nothing if the catalog has none. Of running times and age ratings that the catalog
  /// lacks, the user knows nothing either: they are drawn from values of their own kind.
  std::optional<Wish> about(Slot slot);
  /// A genre, person or years that the target does not have.
  std::optional<Wish> against(Slot slot);
  /// A genre or person that it has, and one that it has not, in one sentence.
  std::optional<Wish> about_and_against(Slot slot);
  /// What no catalog knows: language, studio, theme, mood ...
  std::optional<Wish> beyond();
  /// An order, in the noun phrase of another wish, or a number of movies.
  std::optional<Wish> sort();
  std::optional<Wish> count();
  /// A genre or years that are wrong for the target, to be corrected later.
  std::optional<Wish> mistaken(Slot slot);
  /// Corrects `mistake`.
  std::optional<Wish> correction(const Wish& mistake);
  /// A genre or person that `movie` has and the target has not.
  std::optional<Wish> objection(MovieId movie);
  /// How the target differs from `movie`, in a word that compares: "newer", "funnier", "less known".
  std::optional<Wish> relative(MovieId movie);
  /// People of `movie` who take part in the target: "by the same director".
  std::optional<Wish> same_people(MovieId movie);
  /// Movies that are similar to the target, or quite different.
  std::optional<Wish> comparison();
  /// "like Heat, but newer"
  std::optional<Wish> comparison_but();
  /// A movie that the user has seen, and one that the catalog does not have.
  std::optional<Wish> seen_movie();
  std::optional<Wish> unknown_movie();
  /// A question about a movie by name, or two to be compared.
  std::optional<Wish> question();
  /// Proposes `movie`.
  Wish proposal(MovieId movie);

  /// A random movie of that likeness to the target, popular ones more often; -1 if none was found.
  MovieId compared(Likeness wanted, MovieId but = -1);

 private:
  std::optional<Wish> genres();
  std::optional<Wish> people();
  std::optional<Wish> age();
  std::optional<Wish> rating();
  bool add_relative(Wish& wish, MovieId movie);
  GenreId other_genre();
  PersonId stranger();
  std::int32_t minutes() const;
  std::vector<GenreId> worded_genres(MovieId movie) const;
  std::vector<PersonId> leads(MovieId movie) const;

  const MovieCatalog& catalog_;
  const Phrasebook& phrasebook_;
  MovieId target_;
  Random& random_;
  WishWords words_;
};

}  // namespace matinee
