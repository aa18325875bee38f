#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Of the movies with votes, popular: among the fifth with the most; hidden: in the half with the fewest. Any: between
/// the two, and movies without votes.
Popularity popularity_of(const MovieCatalog& catalog, MovieId movie);

/// True if the system can ask for this slot: at least a third of the movies have a value (a fifth for popularity).
bool catalog_can_answer(const MovieCatalog& catalog, Slot slot);

/// The latest year of a movie with votes; of all movies where none has any; 0 if none is known.
std::int32_t newest_year(const MovieCatalog& catalog);

/// True if the person is in the cast or directed the movie.
bool takes_part(const MovieCatalog& catalog, MovieId movie, PersonId person);
bool directs(const MovieCatalog& catalog, MovieId movie, PersonId person);

/// "Al Pacino, Robert De Niro and Val Kilmer" from the first `limit` people.
std::string join_names(const MovieCatalog& catalog, std::span<const PersonId> people, std::size_t limit);

/// The fact as text ("170", "action and crime", "Michael Mann", "Aliens (1986)" for kSeries); nothing if the catalog
/// lacks it.
std::optional<std::string> fact_text(const MovieCatalog& catalog, MovieId movie, Fact fact);

/// The reason in a few words: "a crime movie", "with Al Pacino", "by Michael Mann", "1995", "170 minutes", "popular",
/// "a hidden gem", "like Ronin (1998)".
std::string describe(const MovieCatalog& catalog, MovieId movie, const Reason& reason);

/// A candidate in the model's prompt: "Heat (1995) | with Al Pacino | a crime movie | 1995". At most the three
/// strongest reasons, or "anything goes" without any.
std::string candidate_line(const MovieCatalog& catalog, const Candidate& candidate);
/// A fact in the model's prompt: "Heat (1995) | director: Michael Mann", or "... | rating: unknown".
std::string fact_line(const MovieCatalog& catalog, MovieId movie, Fact fact);

}  // namespace matinee
