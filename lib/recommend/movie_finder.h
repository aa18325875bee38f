#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/context.h"
#include "lib/catalog/title_index.h"
#include "lib/recommend/movie_filter.h"
#include "lib/recommend/movie_ranker.h"
#include "lib/vectors/similarity_search.h"

namespace matinee {

/// A result of a query. Neighbors of a movie have `parts`, movies that fit preferences have `reasons`.
struct FoundMovie {
  MovieId movie;
  float score;
  std::optional<std::array<float, kVectorKinds>> parts;  ///< what each vector contributes to the score
  std::vector<Reason> reasons;                           ///< strongest first
};

/// Answers queries in text: a tconst or a title by the nearest movies, a preference state in JSON by those that fit it
/// best.
class MovieFinder {
 public:
  /// Only movies of `filter` are found. `weights`: of the vectors, in both kinds of query; the catalog's by default.
  /// `prior`: multiplies the weights of the prior in a query of preferences. `note` gets a line when a title was
  /// misspelled. `catalog` and `context` must outlive this.
  MovieFinder(const MovieCatalog& catalog, Context& context, const MovieFilter& filter,
              const std::optional<VectorWeights>& weights, float prior, std::function<void(std::string_view)> note);

  /// The best `k`, best first. Throws Error(kMissing) for a title or tconst that is unknown or ambiguous and
  /// Error(kBadData) for JSON that is no preference state.
  std::vector<FoundMovie> find(std::string_view query, std::int32_t k);

 private:
  MovieId movie_named(std::string_view name) const;

  const MovieCatalog& catalog_;
  MovieVectorView view_;
  TitleIndex titles_;
  SimilaritySearch search_;
  RankerWeights ranker_weights_;
  std::unique_ptr<MovieRanker> ranker_;  // from the first preference query on
  MovieSet allowed_;
  std::function<void(std::string_view)> note_;
};

/// A query's results as lines of a table under tsv_header(), or as one line of JSON. `explain` adds parts and reasons.
std::string tsv_header(bool explain);
std::string to_tsv(std::string_view query, const std::vector<FoundMovie>& found, const MovieCatalog& catalog,
                   bool explain);
std::string to_json_line(std::string_view query, const std::vector<FoundMovie>& found, const MovieCatalog& catalog,
                         bool explain);

}  // namespace matinee
