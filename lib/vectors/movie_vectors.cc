#include "lib/vectors/movie_vectors.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/vectors/movie_features.h"
#include "lib/vectors/person_embedding.h"

namespace matinee {
namespace {

// Weights of the parts of the title vector, found by measurement.
constexpr float kGenres = 1.0f, kVotes = 1.1f, kYears = 0.7f, kRatings = 0.3f, kRuntimes = 0.2f, kWords = 0.4f;

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
                        {&features.votes, kVotes},
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
    first += part.rows->n_columns;
  }
  // The known parts together have length 1, so that a word counts the same whether few or many facts are known.
  scale_rows_to_unit(result, options.dim);
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
  return vectors;
}

void declare_vectors(SafetensorsWriter& writer, const MovieVectors& vectors) {
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    const std::int64_t rows = static_cast<std::int64_t>(vectors.rows[kind].size()) / vectors.dim;
    writer.declare(tensor_name(kind), DType::kF32, {rows, vectors.dim});
  }
}

void write_vectors(SafetensorsWriter& writer, const MovieVectors& vectors) {
  for (int kind = 0; kind < kVectorKinds; ++kind) {
    writer.write(tensor_name(kind), std::span<const float>(vectors.rows[kind]));
  }
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
