#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// Weights of the parts of a prior.
struct PriorWeights {
  float votes = 0.36f;   ///< × log numVotes, standardized over the catalog
  float likes = 0.09f;   ///< × ln(1 + likes)
  float rating = 0.08f;  ///< × shrunk averageRating, standardized over the catalog
};

/// The score of each movie before anything is known of the user. `likes`: how many people liked it (by movie), or
/// empty. Ratings are shrunk to the catalog's mean as if each movie had the catalog's median votes with that mean
/// (Bayesian average). A movie without votes is unknown, not bad: it counts as one of the fewest votes and the mean
/// rating.
std::vector<float> movie_prior(const MovieCatalog& catalog, std::span<const std::int32_t> likes,
                               const PriorWeights& weights);

}  // namespace matinee
