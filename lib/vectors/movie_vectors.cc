#include "lib/vectors/movie_vectors.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <unordered_map>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/vectors/co_likes.h"
#include "lib/vectors/movie_features.h"
#include "lib/vectors/person_embedding.h"
#include "lib/vectors/title_vectors.h"
#include "lib/vectors/weighted_sum.h"

namespace matinee {
namespace {

// How far a movie's vectors move toward those of the movies that the same people liked, with many likes.
constexpr float kAudience = 0.6f;

constexpr std::size_t kMovieBlock = 1024;

// Σ_people weight · vector, scaled to unit length.
std::vector<float> sums_of_people(const SparseRows& people, const PersonVectors& vectors, ThreadPool& pool) {
  const SparseRows weighted = weighted_by_rarity(people, 2, pool);
  const std::int64_t dim = vectors.dim;
  std::vector<float> result(static_cast<std::size_t>(people.rows() * dim), 0.0f);
  pool.for_blocks(static_cast<std::size_t>(people.rows()), kMovieBlock, [&](std::size_t begin, std::size_t end, int) {
    std::vector<std::int32_t> rows;
    for (std::size_t movie = begin; movie < end; ++movie) {
      rows.clear();
      for (const std::int32_t person : weighted.columns_of(static_cast<std::int32_t>(movie)))
        rows.push_back(vectors.row_of[static_cast<std::size_t>(person)]);
      float* to = result.data() + static_cast<std::int64_t>(movie) * dim;
      add_weighted_sum({rows.data(), weighted.values_of(static_cast<std::int32_t>(movie)).data(),
                        static_cast<std::int64_t>(rows.size()), vectors.rows.data(), dim, to});
    }
  });
  scale_rows_to_unit(result, dim, pool);
  return result;
}

std::vector<float> projected_people(const SparseRows& people, const VectorOptions& options, ThreadPool& pool) {
  SparseRows weighted = weighted_by_rarity(people, 2, pool);
  scale_rows_to_unit(weighted, pool);
  const RandomProjection projection(weighted, options.dim, "people", options.seed, pool);
  std::vector<float> result(static_cast<std::size_t>(people.rows() * options.dim), 0.0f);
  pool.for_blocks(static_cast<std::size_t>(people.rows()), kMovieBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t movie = begin; movie < end; ++movie)
      projection.add(static_cast<std::int32_t>(movie), 1,
                     result.data() + static_cast<std::int64_t>(movie) * options.dim);
  });
  scale_rows_to_unit(result, options.dim, pool);
  return result;
}

bool is_zero(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float value) { return value == 0; });
}

// Subtracts the mean of the rows that are not zero from them and scales them to unit length. Otherwise, all vectors of
// people point to where most people are, and their cosines say little.
void center(std::vector<float>& matrix, std::int64_t dim, ThreadPool& pool) {
  const auto width = static_cast<std::size_t>(dim), rows = matrix.size() / width;
  const auto row = [&](std::size_t at) { return std::span(matrix).subspan(at * width, width); };
  struct Sum {
    std::vector<double> values;
    std::int64_t count = 0;
  };
  // Few, because each has a sum of its own.
  const std::size_t slice = std::max<std::size_t>(kMovieBlock, (rows + 63) / 64);
  std::vector<Sum> sums((rows + slice - 1) / slice);
  pool.for_blocks(rows, slice, [&](std::size_t begin, std::size_t end, int) {
    Sum& sum = sums[begin / slice];
    sum.values.assign(width, 0.0);
    for (std::size_t at = begin; at < end; ++at) {
      const std::span<const float> values = row(at);
      if (is_zero(values)) continue;
      for (std::size_t j = 0; j < width; ++j) sum.values[j] += values[j];
      ++sum.count;
    }
  });
  Sum all{std::vector<double>(width, 0.0)};
  for (const Sum& sum : sums) {
    for (std::size_t j = 0; j < width; ++j) all.values[j] += sum.values[j];
    all.count += sum.count;
  }
  std::vector<float> mean(width);
  for (std::size_t j = 0; j < width; ++j)
    mean[j] = static_cast<float>(all.values[j] / static_cast<double>(std::max<std::int64_t>(all.count, 1)));
  pool.for_blocks(rows, kMovieBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t at = begin; at < end; ++at) {
      const std::span<float> values = row(at);
      if (is_zero(values)) continue;
      for (std::size_t j = 0; j < width; ++j) values[j] -= mean[j];
      scale_to_unit(values);
    }
  });
}

// Moves each vector toward the mean of those of the movies that the same people liked, the farther the more likes there
// are: row + kAudience · n/(n + 1) · Σ_others together·other / Σ_others together, at unit length again. Rows of zeros
// stay what they are.
void move_toward_audience(std::vector<float>& rows, std::int64_t dim, const CoLikes& co_likes) {
  const auto row_of = [&](MovieId movie) {
    return std::span(rows).subspan(static_cast<std::size_t>(movie * dim), static_cast<std::size_t>(dim));
  };
  // The few rows of movies with likes, as they were.
  std::vector<MovieId> movies;
  std::vector<float> before;
  std::unordered_map<MovieId, std::int64_t> place;
  for (MovieId movie = 0; movie < co_likes.together.rows(); ++movie) {
    if (co_likes.together.columns_of(movie).empty()) continue;
    place[movie] = static_cast<std::int64_t>(movies.size());
    movies.push_back(movie);
    before.insert(before.end(), row_of(movie).begin(), row_of(movie).end());
  }
  for (const MovieId movie : movies) {
    const std::span<float> row = row_of(movie);
    if (is_zero(row)) continue;
    const auto others = co_likes.together.columns_of(movie);
    const auto counts = co_likes.together.values_of(movie);
    double total = 0;
    for (const float count : counts) total += count;
    const double likes = co_likes.likes[static_cast<std::size_t>(movie)];
    for (std::size_t i = 0; i < others.size(); ++i) {
      const auto share = static_cast<float>(kAudience * likes / (likes + 1) * counts[i] / total);
      const float* other = before.data() + place.at(others[i]) * dim;
      for (std::size_t j = 0; j < row.size(); ++j) row[j] += share * other[j];
    }
    scale_to_unit(row);
  }
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

struct MovieVectorMaker::Impl {
  const VectorOptions options;
  ThreadPool& pool;
  Progress shown;
  MovieFeatures features;
  std::optional<CoLikes> co_likes;
  std::unique_ptr<PersonEmbedding> people;

  Impl(const MovieCatalog& catalog, const VectorOptions& with, ThreadPool& threads, const BeginProgress& begin)
      : options(with), pool(threads), shown(begin("vectors", steps(with), "steps")) {
    shown.status("features of the movies");
    shown.advance(0);
    if (options.co_likes.empty()) {
      co_likes = read_co_likes(shipped_co_likes(), "co_likes.txt", catalog, pool);
    } else if (options.co_likes != "none") {
      const MappedFile file(options.co_likes);
      co_likes = read_co_likes(file.text(), options.co_likes, catalog, pool);
    }
    features = movie_features(catalog, pool);
    done("title vectors");
  }

  static std::uint64_t steps(const VectorOptions& options) {
    return 4 + (options.method == "projection" ? 0 : static_cast<std::uint64_t>(PersonEmbedding::products()));
  }

  // Counts a step and shows the name of the next.
  void done(const char* next) {
    shown.status(next);
    shown.advance();
  }

  std::vector<float> rows_of_people(VectorKind kind) {
    const SparseRows& credits = kind == VectorKind::kCast ? features.cast : features.crew;
    if (options.method == "projection") return projected_people(credits, options, pool);
    if (!people) {
      people = std::make_unique<PersonEmbedding>(features, options.dim, options.seed, pool,
                                                 [&] { done("decomposition of people by contexts"); });
    }
    return sums_of_people(credits, kind == VectorKind::kCast ? people->actors(pool) : people->makers(pool), pool);
  }
};

MovieVectorMaker::MovieVectorMaker(const MovieCatalog& catalog, const VectorOptions& options, ThreadPool& pool,
                                   const BeginProgress& progress)
    : impl_(std::make_unique<Impl>(catalog, options, pool, progress)) {}

MovieVectorMaker::~MovieVectorMaker() = default;

std::vector<float> MovieVectorMaker::rows(VectorKind kind) {
  Impl& made = *impl_;
  std::vector<float> result;
  if (kind == VectorKind::kTitle) {
    result = title_vectors(made.features, made.options.dim, made.options.seed, made.pool);
    made.features.fame = made.features.ratings = made.features.runtimes = SparseRows();
  } else {
    result = made.rows_of_people(kind);
    center(result, made.options.dim, made.pool);
  }
  if (made.co_likes) move_toward_audience(result, made.options.dim, *made.co_likes);
  constexpr const char* kNext[] = {"cast vectors", "crew vectors", ""};
  made.done(kNext[static_cast<int>(kind)]);
  if (kind == VectorKind::kCrew) made.shown.finish();
  return result;
}

const std::vector<std::int32_t>& MovieVectorMaker::likes() const {
  static const std::vector<std::int32_t> none;
  return impl_->co_likes ? impl_->co_likes->likes : none;
}

MovieVectors make_movie_vectors(const MovieCatalog& catalog, const VectorOptions& options, ThreadPool& pool) {
  MovieVectorMaker maker(catalog, options, pool, silent_progress);
  MovieVectors vectors;
  vectors.dim = options.dim;
  for (int kind = 0; kind < kVectorKinds; ++kind) vectors.rows[kind] = maker.rows(static_cast<VectorKind>(kind));
  vectors.likes = maker.likes();
  return vectors;
}

void declare_vectors(SafetensorsWriter& writer, std::int32_t movies, std::int64_t dim, bool with_likes) {
  for (int kind = 0; kind < kVectorKinds; ++kind) writer.declare(tensor_name(kind), DType::kF32, {movies, dim});
  if (with_likes) writer.declare(kLikes, DType::kI32, {movies});
}

void write_vectors(SafetensorsWriter& writer, VectorKind kind, std::span<const float> rows) {
  writer.write(tensor_name(static_cast<int>(kind)), rows);
}

void write_likes(SafetensorsWriter& writer, std::span<const std::int32_t> likes) { writer.write(kLikes, likes); }

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
