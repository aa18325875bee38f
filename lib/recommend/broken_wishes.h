#pragma once

#include <vector>

#include "lib/dialogue/candidate_ranker.h"
#include "lib/recommend/movie_columns.h"

namespace matinee {

/// The wishes of the state that the movie does not meet, in the order of the state's fields. All wishes count except
/// keywords, sort and the liked and disliked movies, which only rank. Where one of several genres or people is enough
/// and the movie has none, that is one broken wish with id -1. A movie of unknown year, running time, votes, rating or
/// age does not meet a wish about it; `unknown` says so.
std::vector<BrokenWish> broken_wishes(const MovieCatalog& catalog, const MovieColumns& columns,
                                      const PreferenceState& state, MovieId movie);

}  // namespace matinee
