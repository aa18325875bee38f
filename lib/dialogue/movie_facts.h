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

/// The reason in a few words: "a crime movie", "with Al Pacino", "by Michael Mann", "1995", "170 minutes", "popular",
/// "a hidden gem", "like Ronin (1998)".
std::string describe(const MovieCatalog& catalog, MovieId movie, const Reason& reason);

/// A candidate in the model's prompt: "Heat (1995) | with Al Pacino | a crime movie | 1995". These are the only reasons
/// that the reply may give (reply_facts.h): at most the three strongest, or "anything goes" without any.
std::string candidate_line(const MovieCatalog& catalog, const Candidate& candidate);
/// The fact asked for: "Heat (1995) | director: Michael Mann", or "... | rating: unknown".
std::string fact_line(const MovieCatalog& catalog, MovieId movie, Fact fact);

}  // namespace matinee
