#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/context.h"
#include "lib/recommend/movie_filter.h"
#include "lib/recommend/movie_ranker.h"
#include "lib/recommend/query_names.h"
#include "lib/vectors/similarity_search.h"

namespace matinee {

/// A result of a query. Neighbors of a movie have `parts`, movies that fit preferences have `reasons`.
struct FoundMovie {
  MovieId movie;
  float score;
  std::optional<std::array<float, kVectorKinds>> parts;  ///< what each vector contributes to the score
  std::vector<Reason> reasons;                           ///< strongest first
};

/// A query as it was understood: the movies nearest to some, or those that fit preferences.
struct MovieQuery {
  std::vector<SimilarityTerm> terms;     ///< not empty: nearest movies
  std::optional<PreferenceState> state;  ///< else this; beside terms, its `seen` are left out
};

/// Answers queries in text: the name of a movie (QueryNames) by the nearest movies, a preference state in JSON by those
/// that fit it best.
class MovieFinder {
 public:
  /// Only movies of `filter` are found. `weights`: of the vectors, in both kinds of query; the catalog's by default.
  /// `prior`: multiplies the weights of the prior in a query of preferences; with 0, liked and disliked movies alone
  /// are answered by the vectors, with the scores that the ranker gives. `note` gets a line when a name was misspelled
  /// or may mean several. `storage`: of the vectors in memory (SimilaritySearch). `catalog` and `context` must outlive
  /// this.
  MovieFinder(const MovieCatalog& catalog, Context& context, const MovieFilter& filter,
              const std::optional<VectorWeights>& weights, float prior, std::function<void(std::string_view)> note,
              DType storage = DType::kF32);

  /// Throws Error(kMissing) for a name that is unknown and Error(kBadData) for JSON that is no preference state.
  MovieQuery understand(std::string_view query) const;
  /// The best `k` of each query, best first. Many queries at once are faster than one by one.
  std::vector<std::vector<FoundMovie>> answer_all(std::span<const MovieQuery> queries, std::int32_t k);
  std::vector<FoundMovie> answer(const MovieQuery& query, std::int32_t k) { return answer_all({&query, 1}, k)[0]; }
  /// Both.
  std::vector<FoundMovie> find(std::string_view query, std::int32_t k) { return answer(understand(query), k); }

 private:
  std::vector<FoundMovie> by_preferences(const MovieQuery& query, std::int32_t k);

  const MovieCatalog& catalog_;
  MovieVectorView view_;
  QueryNames names_;
  SimilaritySearch search_;
  RankerWeights ranker_weights_;
  bool has_prior_;
  std::unique_ptr<MovieRanker> ranker_;  // from the first preference query on
  std::optional<MovieSet> allowed_;      // nothing: every movie
};

/// A query, as it was written and understood, and its results as lines of a table under tsv_header(), or as one line of
/// JSON. `explain` adds parts and reasons.
struct QueryResult {
  std::string_view text;
  const MovieQuery& query;
  const std::vector<FoundMovie>& found;
};
std::string tsv_header(bool explain);
std::string to_tsv(const QueryResult& result, const MovieCatalog& catalog, bool explain);
std::string to_json_line(const QueryResult& result, const MovieCatalog& catalog, bool explain);

}  // namespace matinee
