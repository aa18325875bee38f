#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "lib/vectors/movie_vectors.h"

namespace matinee {

/// The name of the tensor of a map in a catalog.
inline constexpr const char* kMapTensor = "map";

/// The map that a catalog holds, [movies, 2], mapped; empty if it holds none. Throws Error(kBadData) for another shape
/// or places that are not in [-1, 1].
std::span<const float> stored_map(const MovieCatalog& catalog);

struct MapOptions {
  std::uint64_t seed = 1;
  /// Movies that are laid out. Those after them, which have fewer votes, are placed beside their nearest of these.
  std::int32_t laid_out = 1 << 16;
};

/// A place in the plane for each movie, [movies, 2] in [-1, 1], so that similar movies are near each other:
/// neighbor_layout of each movie's nearest movies, from the two principal components of the vectors. The same seed
/// gives the same bytes with any number of threads. Cost: an exact search, O(movies · options.laid_out), and the
/// layout.
std::vector<float> movie_map(const MovieVectorView& view, const MapOptions& options, Context& context,
                             const BeginProgress& progress);

}  // namespace matinee
