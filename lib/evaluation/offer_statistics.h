#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// The catalog divided by popularity: the upper ends of its parts, as shares of the movies, most votes first.
inline constexpr std::array<double, 7> kPopularityEnds{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1};

/// What a system recommends. Row numbers of a catalog are ranks by votes.
struct OfferStatistics {
  std::int64_t offers = 0, different = 0;
  double coverage = 0;   ///< share of the catalog that was offered
  double top_share = 0;  ///< share of the offers that the ten most offered movies have
  /// Of how often the offered movies were offered: 0 if all equally often, near 1 if nearly all offers are one movie.
  double gini = 0;
  std::array<double, kPopularityEnds.size()> by_popularity{};  ///< shares of the offers
};
OfferStatistics offer_statistics(const std::map<MovieId, std::int64_t>& offered, std::int32_t catalog_size);

}  // namespace matinee
