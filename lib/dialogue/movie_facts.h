#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {

/// A movie of the catalog is popular if it is among the fifth with most votes, a hidden gem if it is in the lower
/// half or nobody voted; what lies between is neither.
Popularity popularity_of(const MovieCatalog& catalog, MovieId movie);

/// True where the catalog knows enough to ask for this slot: at least a third of the movies have it.
bool catalog_can_answer(const MovieCatalog& catalog, Slot slot);

/// True where the person plays in the movie or directed it.
bool takes_part(const MovieCatalog& catalog, MovieId movie, PersonId person);
bool directs(const MovieCatalog& catalog, MovieId movie, PersonId person);

/// "Al Pacino, Robert De Niro and Val Kilmer" from the first `limit` people.
std::string join_names(const MovieCatalog& catalog, std::span<const PersonId> people, std::size_t limit);

/// The fact as a reply words it ("170", "action and crime", "Michael Mann"); nothing where the catalog does not know
/// it.
std::optional<std::string> fact_text(const MovieCatalog& catalog, MovieId movie, Fact fact);

/// "Heat (1995) | with Al Pacino | crime | 1995": what the model is told of a candidate, which is why it fits: nothing
/// else may be said of it (reply_facts.h). At most the three strongest reasons; where there are none
/// "anything goes".
std::string candidate_line(const MovieCatalog& catalog, const Candidate& candidate);
/// The fact asked for: "Heat (1995) | director: Michael Mann", or "... | rating: unknown".
std::string fact_line(const MovieCatalog& catalog, MovieId movie, Fact fact);

/// "Sci-Fi" as running text has it: "sci-fi".
std::string lower_genre(std::string_view genre);

}  // namespace matinee
