#include "lib/vectors/movie_map.h"

#include <algorithm>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/vectors/dense_algebra.h"
#include "lib/vectors/neighbor_layout.h"
#include "lib/vectors/similarity_search.h"

namespace matinee {
namespace {

constexpr std::int32_t kMapNeighbors = 15;
constexpr std::int64_t kSampledMovies = 512;  // whose principal axes the map begins with

// The two principal axes of some movies, evenly spaced in the catalog: the eigenvectors of their similarities give
// weights of the movies, and the axes are the weighted sums [kinds][dim, 2]. A movie's vector for this is its three
// vectors, each times the root of its weight, one after the other; so similarities are its inner products.
std::array<std::vector<float>, kVectorKinds> principal_axes(const MovieVectorView& view, ThreadPool& pool) {
  const std::int64_t n = std::min<std::int64_t>(view.size(), kSampledMovies), dim = view.dim();
  const auto sampled = [&](std::int64_t i) { return static_cast<MovieId>(i * view.size() / n); };
  std::vector<float> columns(static_cast<std::size_t>(kVectorKinds * dim * n));  // [kinds · dim, n], centered
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    const float root = std::sqrt(view.weights()[static_cast<std::size_t>(kind)]);
    for (std::int64_t j = 0; j < dim; ++j) {
      const std::span row =
          std::span(columns).subspan(static_cast<std::size_t>((kind * dim + j) * n), static_cast<std::size_t>(n));
      double mean = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        row[static_cast<std::size_t>(i)] =
            root * view.row(static_cast<VectorKind>(kind), sampled(i))[static_cast<std::size_t>(j)];
        mean += row[static_cast<std::size_t>(i)] / static_cast<double>(n);
      }
      for (float& value : row) value -= static_cast<float>(mean);
    }
  }
  const SymmetricEigen eigen = symmetric_eigen(gram(columns, n, pool), n);
  std::vector<float> weights(static_cast<std::size_t>(2 * n), 0.0f);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t axis = 0; axis < std::min<std::int64_t>(n, 2); ++axis)
      weights[static_cast<std::size_t>(2 * i + axis)] =
          static_cast<float>(eigen.vectors[static_cast<std::size_t>(i * n + axis)]);
  }
  const std::vector<float> all = multiply_dense(columns, n, weights, 2, pool);
  std::array<std::vector<float>, kVectorKinds> axes;
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    axes[static_cast<std::size_t>(kind)].assign(all.begin() + 2 * kind * dim, all.begin() + 2 * (kind + 1) * dim);
    for (float& value : axes[static_cast<std::size_t>(kind)])
      value *= std::sqrt(view.weights()[static_cast<std::size_t>(kind)]);
  }
  return axes;
}

// The first coordinate has a standard deviation of 1e-4, as Kobak and Berens recommend. A little noise separates movies
// whose vectors are equal.
std::vector<float> starting_places(const MovieVectorView& view, std::uint64_t seed, ThreadPool& pool) {
  const auto axes = principal_axes(view, pool);
  std::vector<float> places(2 * static_cast<std::size_t>(view.size()), 0.0f);
  for (std::size_t kind = 0; kind < kVectorKinds; ++kind) {
    const std::vector<float> part =
        multiply_dense(view.all(static_cast<VectorKind>(kind)), view.dim(), axes[kind], 2, pool);
    for (std::size_t i = 0; i < places.size(); ++i) places[i] += part[i];
  }
  double mean = 0, squares = 0;
  const double n = std::max<double>(view.size(), 1);
  for (std::size_t i = 0; i < places.size(); i += 2) mean += places[i] / n;
  for (std::size_t i = 0; i < places.size(); i += 2) squares += (places[i] - mean) * (places[i] - mean) / n;
  const double scale = 1e-4 / std::max(std::sqrt(squares), 1e-6);
  for (std::size_t i = 0; i < places.size(); i += 2) {
    Random random(seed, "map", i / 2);
    for (std::size_t axis = 0; axis < 2; ++axis)
      places[i + axis] = static_cast<float>(places[i + axis] * scale + 1e-6 * (random.uniform() - 0.5));
  }
  return places;
}

// Moves and scales the places so that the longer side of their box reaches from -1 to 1.
void fit_to_square(std::vector<float>& places) {
  float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
  for (std::size_t i = 0; i < places.size(); ++i) {
    low[i % 2] = std::min(low[i % 2], places[i]);
    high[i % 2] = std::max(high[i % 2], places[i]);
  }
  const float half = std::max(high[0] - low[0], high[1] - low[1]) / 2;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const float middle = low[i % 2] + (high[i % 2] - low[i % 2]) / 2;
    places[i] = half > 0 ? std::clamp((places[i] - middle) / half, -1.0f, 1.0f) : 0;
  }
}

// Where a movie is that was not laid out: beside the one of its nearest that is closest to the others.
void place_beside(std::span<const std::int32_t> nearest, Random random, float apart, std::span<const float> places,
                  float* to) {
  const auto distance = [&](std::int32_t a, std::int32_t b) {
    const auto i = 2 * static_cast<std::size_t>(a), j = 2 * static_cast<std::size_t>(b);
    return std::hypot(places[i] - places[j], places[i + 1] - places[j + 1]);
  };
  float least = INFINITY;
  for (const std::int32_t candidate : nearest) {
    float sum = 0;
    for (const std::int32_t other : nearest) {
      if (candidate >= 0 && other >= 0) sum += distance(candidate, other);
    }
    if (candidate < 0 || sum >= least) continue;
    least = sum;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const auto offset = apart * static_cast<float>(random.uniform() - 0.5);
      to[axis] = std::clamp(places[2 * static_cast<std::size_t>(candidate) + axis] + offset, -1.0f, 1.0f);
    }
  }
}

}  // namespace

std::span<const float> stored_map(const MovieCatalog& catalog) {
  const TensorInfo* tensor = catalog.file().find(kMapTensor);
  if (tensor == nullptr) return {};
  if (tensor->shape != std::vector<std::int64_t>{catalog.size(), 2})
    throw bad_data("{}: {}: expected [{}, 2]", catalog.path(), kMapTensor, catalog.size());
  const std::span<const float> places = catalog.file().view<float>(kMapTensor);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!(std::fabs(places[i]) <= 1))
      throw bad_data("{}: {}: row {}: expected numbers from -1 to 1", catalog.path(), kMapTensor, i / 2);
  }
  return places;
}

std::vector<float> movie_map(const MovieVectorView& view, const MapOptions& options, Context& context,
                             const BeginProgress& progress) {
  const auto n = static_cast<std::size_t>(view.size()), first = std::min(n, static_cast<std::size_t>(options.laid_out));
  constexpr auto k = static_cast<std::size_t>(kMapNeighbors);
  if (n == 0) return {};
  MovieSet laid_out(view.size());
  for (std::size_t movie = 0; movie < first; ++movie) laid_out.insert(static_cast<MovieId>(movie));
  std::vector<std::int32_t> nearest;
  std::vector<float> scores;
  Progress searched = progress("nearest movies", n, "movies");
  SimilaritySearch(view, context).all_neighbors(kMapNeighbors, nearest, scores, &laid_out, [&](std::size_t done) {
    searched.reach(done);
  });
  searched.finish();
  for (std::size_t i = 0; i < nearest.size(); ++i) {
    if (!(scores[i] > 0)) nearest[i] = -1;
  }
  Progress steps = progress("map", layout_steps(), "steps");
  std::vector<float> start = starting_places(view, options.seed, context.pool());
  start.resize(2 * first);
  std::vector<float> places = neighbor_layout(std::span(nearest).first(first * k), kMapNeighbors, std::move(start),
                                              context.pool(), [&] { steps.advance(); });
  fit_to_square(places);
  const float apart = 1 / std::sqrt(static_cast<float>(std::max<std::size_t>(first, 1)));
  places.resize(2 * n);
  for (std::size_t movie = first; movie < n; ++movie) {
    place_beside(std::span(nearest).subspan(movie * k, k), Random(options.seed, "map", movie), apart, places,
                 places.data() + 2 * movie);
  }
  return places;
}

}  // namespace matinee
