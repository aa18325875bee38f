#include "lib/vectors/title_vectors.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "lib/base/random.h"
#include "lib/vectors/dense_algebra.h"

namespace matinee {
namespace {

// Weights of the parts, found by measurement.
constexpr float kGenres = 1.0f, kFame = 1.1f, kYears = 0.6f, kRatings = 0.6f, kRuntimes = 0.3f, kWords = 0.4f;

// The words get at least so many dimensions, or none where the other features have no room of their own: then a random
// projection to the few that are left would be noise.
constexpr std::int64_t kWordDims = 16;

constexpr std::size_t kMovieBlock = 1024;

struct Part {
  const SparseRows* rows;
  float weight;
  std::int64_t first = 0;        // of its dimensions
  std::vector<float> mean = {};  // of the rows that are known, weight included
};

// The parts except the words, side by side. Their means are subtracted from the movies that have them.
class ExactParts {
 public:
  ExactParts(const MovieFeatures& features, const SparseRows& genres)
      : parts_{{&genres, kGenres},
               {&features.fame, kFame},
               {&features.years, kYears},
               {&features.ratings, kRatings},
               {&features.runtimes, kRuntimes}} {
    for (Part& part : parts_) {
      part.first = width_;
      width_ += part.rows->n_columns;
      std::vector<double> sums(static_cast<std::size_t>(part.rows->n_columns), 0.0);
      for (std::size_t i = 0; i < part.rows->columns.size(); ++i)
        sums[static_cast<std::size_t>(part.rows->columns[i])] += part.rows->values[i];
      std::int64_t known = 0;
      for (std::int32_t row = 0; row < part.rows->rows(); ++row) known += part.rows->columns_of(row).empty() ? 0 : 1;
      for (const double sum : sums)
        part.mean.push_back(
            static_cast<float>(part.weight * sum / static_cast<double>(std::max<std::int64_t>(known, 1))));
    }
  }

  std::int64_t width() const { return width_; }

  // Writes [width] numbers.
  void describe(std::int32_t movie, float* to) const {
    std::fill_n(to, width_, 0.0f);
    for (const Part& part : parts_) {
      const auto columns = part.rows->columns_of(movie);
      if (columns.empty()) continue;
      float* at = to + part.first;
      for (std::size_t j = 0; j < part.mean.size(); ++j) at[j] = -part.mean[j];
      const auto values = part.rows->values_of(movie);
      for (std::size_t i = 0; i < columns.size(); ++i) at[columns[i]] += part.weight * values[i];
    }
  }

 private:
  std::vector<Part> parts_;
  std::int64_t width_ = 0;
};

// The axes [width, dim] on which the movies differ most: the first eigenvectors of their inner products.
std::vector<float> principal_axes(const ExactParts& parts, std::int32_t movies, std::int64_t dim, ThreadPool& pool) {
  // A sample is enough, and bounds the memory.
  const std::int32_t step = movies / 100'000 + 1, count = (movies + step - 1) / step;
  const std::int64_t width = parts.width();
  std::vector<float> sample(static_cast<std::size_t>(count * width));
  pool.for_blocks(static_cast<std::size_t>(count), kMovieBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i)
      parts.describe(static_cast<std::int32_t>(i) * step, sample.data() + static_cast<std::int64_t>(i) * width);
  });
  const SymmetricEigen eigen = symmetric_eigen(gram(sample, width, pool), width);
  std::vector<float> axes(static_cast<std::size_t>(width * dim));
  for (std::int64_t i = 0; i < width; ++i) {
    for (std::int64_t j = 0; j < dim; ++j)
      axes[static_cast<std::size_t>(i * dim + j)] =
          static_cast<float>(eigen.vectors[static_cast<std::size_t>(i * width + j)]);
  }
  return axes;
}

}  // namespace

RandomProjection::RandomProjection(const SparseRows& rows, std::int64_t width, std::string_view purpose,
                                   std::uint64_t seed, ThreadPool& pool)
    : rows_(rows), width_(width), axis_of_(static_cast<std::size_t>(rows.n_columns), -1) {
  std::vector<std::int32_t> features;
  const std::vector<std::int32_t> counts = column_counts(rows);
  for (std::size_t feature = 0; feature < counts.size(); ++feature) {
    if (counts[feature] == 0) continue;
    axis_of_[feature] = static_cast<std::int32_t>(features.size());
    features.push_back(static_cast<std::int32_t>(feature));
  }
  axes_.resize(features.size() * static_cast<std::size_t>(width));
  const double scale = 1 / std::sqrt(static_cast<double>(width));
  pool.for_blocks(features.size(), 256, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      Random random(seed, purpose, static_cast<std::uint64_t>(features[i]));
      for (float& value :
           std::span(axes_).subspan(i * static_cast<std::size_t>(width), static_cast<std::size_t>(width)))
        value = static_cast<float>(scale * random.normal());
    }
  });
}

void RandomProjection::add(std::int32_t row, float weight, float* to) const {
  const auto columns = rows_.columns_of(row);
  const auto values = rows_.values_of(row);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const float* axis = axes_.data() + axis_of_[static_cast<std::size_t>(columns[i])] * width_;
    const float value = weight * values[i];
    for (std::int64_t j = 0; j < width_; ++j) to[j] += value * axis[j];
  }
}

std::vector<float> title_vectors(const MovieFeatures& features, std::int64_t dim, std::uint64_t seed,
                                 ThreadPool& pool) {
  SparseRows genres = weighted_by_rarity(features.genres, 1, pool);
  SparseRows words = weighted_by_rarity(features.words, 2, pool);
  scale_rows_to_unit(genres, pool);
  scale_rows_to_unit(words, pool);
  const ExactParts parts(features, genres);
  const std::int32_t movies = genres.rows();
  const auto row_of = [&](std::vector<float>& matrix, std::size_t movie) { return matrix.data() + movie * dim; };
  std::vector<float> result(static_cast<std::size_t>(movies * dim));
  if (dim < parts.width() + kWordDims) {
    const std::int64_t kept = std::min(dim, parts.width());
    const std::vector<float> axes = principal_axes(parts, movies, kept, pool);
    pool.for_blocks(static_cast<std::size_t>(movies), kMovieBlock, [&](std::size_t begin, std::size_t end, int) {
      std::vector<float> block((end - begin) * static_cast<std::size_t>(parts.width()));
      for (std::size_t movie = begin; movie < end; ++movie)
        parts.describe(static_cast<std::int32_t>(movie), block.data() + (movie - begin) * parts.width());
      const std::vector<float> turned = multiply_dense(block, parts.width(), axes, kept, pool);
      for (std::size_t movie = begin; movie < end; ++movie)
        std::copy_n(turned.data() + (movie - begin) * kept, kept, row_of(result, movie));
    });
  } else {
    const RandomProjection projection(words, dim - parts.width(), "title words", seed, pool);
    pool.for_blocks(static_cast<std::size_t>(movies), kMovieBlock, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t movie = begin; movie < end; ++movie) {
        parts.describe(static_cast<std::int32_t>(movie), row_of(result, movie));
        projection.add(static_cast<std::int32_t>(movie), kWords, row_of(result, movie) + parts.width());
      }
    });
  }
  scale_rows_to_unit(result, dim, pool);
  return result;
}

}  // namespace matinee
