#include "lib/vectors/movie_vectors.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/vectors/co_likes.h"
#include "lib/vectors/movie_features.h"
#include "lib/vectors/person_embedding.h"

namespace matinee {
namespace {

// Weights of the parts of the title vector, found by measurement.
constexpr float kGenres = 1.0f, kFame = 1.1f, kYears = 0.6f, kRatings = 0.6f, kRuntimes = 0.3f, kWords = 0.4f;

// How far a movie's vectors move toward those of the movies that the same people liked, with many likes.
constexpr float kAudience = 0.6f;

struct Part {
  const SparseRows* rows;
  float weight;
};

// Adds weight · row · P to to[movie, first ..]. P has normal entries of variance 1 / width; its row for a feature
// depends only on seed, purpose and the feature's number.
void add_projected(const SparseRows& rows, float weight, std::string_view purpose, std::uint64_t seed,
                   std::int64_t first, std::int64_t dim, std::vector<float>& to, ThreadPool& pool) {
  const std::int64_t width = dim - first;
  std::vector<float> axes(static_cast<std::size_t>(rows.n_columns * width));
  const double scale = 1 / std::sqrt(static_cast<double>(width));
  pool.for_blocks(static_cast<std::size_t>(rows.n_columns), 256, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t feature = begin; feature < end; ++feature) {
      Random random(seed, purpose, feature);
      for (std::int64_t j = 0; j < width; ++j) {
        axes[feature * static_cast<std::size_t>(width) + static_cast<std::size_t>(j)] =
            static_cast<float>(scale * random.normal());
      }
    }
  });
  for (std::int32_t row = 0; row < rows.rows(); ++row) {
    float* at = to.data() + row * dim + first;
    for (std::int64_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
      const float* axis = axes.data() + rows.columns[i] * width;
      for (std::int64_t j = 0; j < width; ++j) at[j] += weight * rows.values[i] * axis[j];
    }
  }
}

std::vector<float> title_vectors(const MovieFeatures& features, const VectorOptions& options, ThreadPool& pool) {
  SparseRows genres = weighted_by_rarity(features.genres, 1);
  SparseRows words = weighted_by_rarity(features.words, 2);
  scale_rows_to_unit(genres);
  scale_rows_to_unit(words);
  const Part parts[] = {{&genres, kGenres},
                        {&features.fame, kFame},
                        {&features.years, kYears},
                        {&features.ratings, kRatings},
                        {&features.runtimes, kRuntimes}};
  std::int64_t exact = 0;
  for (const Part& part : parts) exact += part.rows->n_columns;
  // Each feature except the words has its own dimension; the words are projected into the rest.
  if (options.dim < exact + 16) {
    throw usage_error("--dim {} is too small for the features of a title; at least {}", options.dim, exact + 16);
  }
  std::vector<float> result(static_cast<std::size_t>(features.genres.rows() * options.dim), 0.0f);
  std::int64_t first = 0;
  for (const Part& part : parts) {
    for (std::int32_t row = 0; row < part.rows->rows(); ++row) {
      for (std::int64_t i = part.rows->offsets[row]; i < part.rows->offsets[row + 1]; ++i) {
        result[static_cast<std::size_t>(row * options.dim + first + part.rows->columns[i])] =
            part.weight * part.rows->values[i];
      }
    }
    subtract_mean(result, options.dim, first, first + part.rows->n_columns);
    first += part.rows->n_columns;
  }
  add_projected(words, kWords, "title words", options.seed, first, options.dim, result, pool);
  scale_rows_to_unit(result, options.dim);
  return result;
}

// Σ_people weight · embedding, scaled to unit length.
std::vector<float> sums_of_people(const SparseRows& people, const std::vector<float>& embedding, std::int64_t dim) {
  const SparseRows weighted = weighted_by_rarity(people, 2);
  std::vector<float> result(static_cast<std::size_t>(people.rows() * dim), 0.0f);
  for (std::int32_t row = 0; row < weighted.rows(); ++row) {
    float* to = result.data() + row * dim;
    for (std::int64_t i = weighted.offsets[row]; i < weighted.offsets[row + 1]; ++i) {
      const float* from = embedding.data() + weighted.columns[i] * dim;
      for (std::int64_t j = 0; j < dim; ++j) to[j] += weighted.values[i] * from[j];
    }
  }
  scale_rows_to_unit(result, dim);
  return result;
}

std::vector<float> projected_people(const SparseRows& people, const VectorOptions& options, ThreadPool& pool) {
  SparseRows weighted = weighted_by_rarity(people, 2);
  scale_rows_to_unit(weighted);
  std::vector<float> result(static_cast<std::size_t>(people.rows() * options.dim), 0.0f);
  add_projected(weighted, 1, "people", options.seed, 0, options.dim, result, pool);
  scale_rows_to_unit(result, options.dim);
  return result;
}

// Centers the vectors of people: otherwise, all of them point to where most people are, and their cosines say little.
void center(std::vector<float>& rows, std::int64_t dim) {
  subtract_mean(rows, dim, 0, dim);
  scale_rows_to_unit(rows, dim);
}

// Moves each vector toward the mean of those of the movies that the same people liked, the farther the more likes there
// are: row + kAudience · n/(n + 1) · Σ_others together·other / Σ_others together, at unit length again. Rows of zeros
// stay what they are.
void move_toward_audience(std::vector<float>& rows, std::int64_t dim, const CoLikes& co_likes) {
  const std::vector<float> before = rows;
  for (std::int32_t movie = 0; movie < co_likes.together.rows(); ++movie) {
    const auto others = co_likes.together.columns_of(movie);
    const auto counts = co_likes.together.values_of(movie);
    const auto row = std::span(rows).subspan(static_cast<std::size_t>(movie * dim), static_cast<std::size_t>(dim));
    if (std::all_of(row.begin(), row.end(), [](float value) { return value == 0; })) continue;
    double total = 0;
    for (const float count : counts) total += count;
    const double likes = co_likes.likes[static_cast<std::size_t>(movie)];
    for (std::size_t i = 0; i < others.size(); ++i) {
      const auto share = static_cast<float>(kAudience * likes / (likes + 1) * counts[i] / total);
      const float* other = before.data() + others[i] * dim;
      for (std::size_t j = 0; j < row.size(); ++j) row[j] += share * other[j];
    }
  }
  scale_rows_to_unit(rows, dim);
}

constexpr const char* kLikes = "likes";

std::string tensor_name(int kind) { return std::string("vectors.") + name_of(static_cast<VectorKind>(kind)); }

}  // namespace

const char* name_of(VectorKind kind) {
  switch (kind) {
    case VectorKind::kTitle: return "title";
    case VectorKind::kCast: return "cast";
    case VectorKind::kCrew: return "crew";
  }
  return "?";
}

std::array<float, kVectorKinds> weights_from_words(std::span<const std::string> words) {
  if (words.size() != kVectorKinds) throw usage_error("--weights: expected three numbers, found {}", words.size());
  std::array<float, kVectorKinds> weights{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    char* end = nullptr;
    weights[i] = std::strtof(words[i].c_str(), &end);
    if (words[i].empty() || *end != '\0' || !(weights[i] >= 0 && weights[i] <= 1000)) {
      throw usage_error("--weights: expected a number of at least 0, found \"{}\"", words[i]);
    }
  }
  return weights;
}

MovieVectors make_movie_vectors(const MovieCatalog& catalog, const VectorOptions& options, ThreadPool& pool) {
  std::optional<CoLikes> co_likes;
  if (options.co_likes.empty()) {
    co_likes = read_co_likes(shipped_co_likes(), "co_likes.txt", catalog);
  } else if (options.co_likes != "none") {
    const MappedFile file(options.co_likes);
    co_likes = read_co_likes(file.text(), options.co_likes, catalog);
  }
  const MovieFeatures features = movie_features(catalog);
  MovieVectors vectors;
  vectors.dim = options.dim;
  vectors.rows[0] = title_vectors(features, options, pool);
  if (options.method == "projection") {
    vectors.rows[1] = projected_people(features.cast, options, pool);
    vectors.rows[2] = projected_people(features.crew, options, pool);
  } else {
    const PersonEmbedding people = person_embedding(features, options.dim, options.seed, pool);
    vectors.rows[1] = sums_of_people(features.cast, people.actors, options.dim);
    vectors.rows[2] = sums_of_people(features.crew, people.makers, options.dim);
  }
  center(vectors.rows[1], options.dim);
  center(vectors.rows[2], options.dim);
  if (co_likes) {
    for (std::vector<float>& rows : vectors.rows) move_toward_audience(rows, options.dim, *co_likes);
    vectors.likes = std::move(co_likes->likes);
  }
  return vectors;
}

void declare_vectors(SafetensorsWriter& writer, const MovieVectors& vectors) {
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    const std::int64_t rows = static_cast<std::int64_t>(vectors.rows[kind].size()) / vectors.dim;
    writer.declare(tensor_name(kind), DType::kF32, {rows, vectors.dim});
  }
  if (!vectors.likes.empty()) writer.declare(kLikes, DType::kI32, {static_cast<std::int64_t>(vectors.likes.size())});
}

void write_vectors(SafetensorsWriter& writer, const MovieVectors& vectors) {
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    writer.write(tensor_name(kind), std::span<const float>(vectors.rows[kind]));
  }
  if (!vectors.likes.empty()) writer.write(kLikes, std::span<const std::int32_t>(vectors.likes));
}

Metadata vector_metadata(const VectorOptions& options) {
  return {
      {"matinee.vectors.method", options.method},
      {"matinee.vectors.dim", std::to_string(options.dim)},
      {"matinee.vectors.seed", std::to_string(options.seed)},
      {"matinee.vectors.weights", fmt::format("{},{},{}", options.weights[0], options.weights[1], options.weights[2])}};
}

MovieVectorView::MovieVectorView(const MovieVectors& vectors, const std::array<float, kVectorKinds>& weights)
    : dim_(vectors.dim),
      size_(static_cast<std::int32_t>(static_cast<std::int64_t>(vectors.rows[0].size()) / vectors.dim)),
      likes_(vectors.likes),
      weights_(weights) {
  for (int kind = 0; kind < kVectorKinds; ++kind) rows_[kind] = vectors.rows[kind];
}

MovieVectorView::MovieVectorView(const MovieCatalog& catalog) : size_(catalog.size()) {
  const SafetensorsFile& file = catalog.file();
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    const std::string name = tensor_name(kind);
    const TensorInfo* tensor = file.find(name);
    if (tensor == nullptr) {
      Error error = missing("{}: the catalog has no tensor \"{}\"", catalog.path(), name);
      error.add_remedy("make it with embed");
      throw error;
    }
    if (tensor->shape.size() != 2 || tensor->shape[0] != size_ || tensor->shape[1] <= 0 ||
        (kind > 0 && tensor->shape[1] != dim_)) {
      throw bad_data("{}: {}: expected [{}, dim] with one dim for all vectors", catalog.path(), name, size_);
    }
    dim_ = tensor->shape[1];
    rows_[kind] = file.view<float>(name);
  }
  if (file.find(kLikes) != nullptr) {
    likes_ = file.view<std::int32_t>(kLikes);
    if (likes_.size() != static_cast<std::size_t>(size_))
      throw bad_data("{}: {}: expected {} rows, found {}", catalog.path(), kLikes, size_, likes_.size());
  }
  const auto weights = file.metadata().find("matinee.vectors.weights");
  const std::string text = weights == file.metadata().end() ? "" : weights->second;
  const char* at = text.c_str();
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    char* end = nullptr;
    weights_[kind] = std::strtof(at, &end);
    if (end == at || !std::isfinite(weights_[kind]) || *end != (kind + 1 < kVectorKinds ? ',' : '\0')) {
      throw bad_data("{}: matinee.vectors.weights: expected three numbers, found \"{}\"", catalog.path(), text);
    }
    at = end + 1;
  }
}

}  // namespace matinee
