#include "lib/recommend/movie_finder.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

// Six decimals: what a sum in float32 is accurate to.
double rounded(float score) { return std::round(static_cast<double>(score) * 1e6) / 1e6; }

PriorWeights scaled(float factor) {
  PriorWeights weights;
  for (float* weight : {&weights.votes, &weights.likes, &weights.rating}) *weight *= factor;
  return weights;
}

void describe_movie(JsonWriter& json, const MovieCatalog& catalog, MovieId movie) {
  const std::int32_t year = catalog.year(movie);
  json.field("tconst", catalog.tconst(movie)).field("title", catalog.title(movie)).key("year");
  year == kUnknown ? json.null() : json.integer(year);
}

bool only_movies(PreferenceState state) {
  for (auto* movies : {&state.liked, &state.disliked, &state.seen}) movies->clear();
  return state.empty();
}

}  // namespace

MovieFinder::MovieFinder(const MovieCatalog& catalog, Context& context, const MovieFilter& filter,
                         const std::optional<VectorWeights>& weights, float prior,
                         std::function<void(std::string_view)> note, DType storage)
    : catalog_(catalog),
      view_(catalog),
      names_(catalog, context.pool(), std::move(note)),
      search_(view_, context, weights.value_or(view_.weights()), storage),
      ranker_weights_{.prior = scaled(prior), .vectors = weights},
      has_prior_(prior != 0) {
  if (filter.excludes_something()) allowed_ = filter.matches(catalog);
}

MovieQuery MovieFinder::understand(std::string_view query) const {
  query = trimmed(query);
  MovieQuery result;
  if (!query.starts_with('{')) {
    result.terms = {{names_.movie(query), 1}};
    return result;
  }
  result.state = parse_preference_state(query, names_);
  if (!has_prior_ && only_movies(*result.state))
    result.terms = similarity_terms(result.state->liked, result.state->disliked, ranker_weights_);
  return result;
}

std::vector<std::vector<FoundMovie>> MovieFinder::answer_all(std::span<const MovieQuery> queries, std::int32_t k) {
  std::vector<std::vector<FoundMovie>> found(queries.size());
  const auto take = [&](std::size_t i, const std::vector<Neighbor>& neighbors) {
    for (const Neighbor& each : neighbors) found[i].push_back({each.movie, each.score, each.parts, {}});
  };
  std::vector<std::size_t> together;  // queries for neighbors among the same movies
  std::vector<SimilaritySearch::Terms> searches;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const MovieQuery& query = queries[i];
    if (query.terms.empty()) {
      found[i] = by_preferences(query, k);
    } else if (query.state && !query.state->seen.empty()) {
      MovieSet allowed = allowed_ ? *allowed_ : MovieSet::all(catalog_.size());
      allowed.erase(query.state->seen);
      take(i, search_.search(query.terms, k, &allowed));
    } else {
      together.push_back(i);
      searches.push_back(query.terms);
    }
  }
  const auto neighbors = search_.search_all(searches, k, allowed_ ? &*allowed_ : nullptr);
  for (std::size_t i = 0; i < together.size(); ++i) take(together[i], neighbors[i]);
  return found;
}

std::vector<FoundMovie> MovieFinder::by_preferences(const MovieQuery& query, std::int32_t k) {
  if (!ranker_) ranker_ = std::make_unique<MovieRanker>(catalog_, ranker_weights_);
  MovieSet candidates = allowed_ ? *allowed_ : MovieSet::all(catalog_.size());
  std::vector<FoundMovie> found;
  for (Candidate& candidate : ranker_->rank_among(*query.state, std::move(candidates), k))
    found.push_back({candidate.movie, candidate.score, std::nullopt, std::move(candidate.reasons)});
  return found;
}

std::string tsv_header(bool explain) {
  return std::string("query\trank\ttconst\tprimaryTitle\tstartYear\tscore") +
         (explain ? "\ttitle\tcast\tcrew\treasons\n" : "\n");
}

std::string to_tsv(const QueryResult& result, const MovieCatalog& catalog, bool explain) {
  std::string lines;
  int rank = 0;
  for (const FoundMovie& each : result.found) {
    const std::int32_t year = catalog.year(each.movie);
    lines += fmt::format("{}\t{}\t{}\t{}\t{}\t{:.4f}", result.text, ++rank, catalog.tconst(each.movie),
                         catalog.title(each.movie), year == kUnknown ? "\\N" : std::to_string(year), each.score);
    if (explain) {
      for (std::size_t kind = 0; kind < kVectorKinds; ++kind)
        lines += each.parts ? fmt::format("\t{:.4f}", (*each.parts)[kind]) : "\t\\N";
      std::string reasons;
      for (const Reason& reason : each.reasons)
        reasons += (reasons.empty() ? "" : "; ") + describe(catalog, each.movie, reason);
      lines += "\t" + (reasons.empty() ? "\\N" : reasons);
    }
    lines += '\n';
  }
  return lines;
}

std::string to_json_line(const QueryResult& result, const MovieCatalog& catalog, bool explain) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("query", result.text);
  if (!result.query.state) {
    json.key("movie").begin_object();
    describe_movie(json, catalog, result.query.terms.front().movie);
    json.end_object();
  }
  json.key("neighbors").begin_array();
  for (const FoundMovie& each : result.found) {
    json.begin_object();
    describe_movie(json, catalog, each.movie);
    json.field("score", rounded(each.score));
    if (explain && each.parts) {
      json.key("parts").begin_object();
      for (std::size_t kind = 0; kind < kVectorKinds; ++kind)
        json.field(name_of(static_cast<VectorKind>(kind)), rounded((*each.parts)[kind]));
      json.end_object();
    } else if (explain) {
      json.key("reasons").begin_array();
      for (const Reason& reason : each.reasons) json.string(describe(catalog, each.movie, reason));
      json.end_array();
    }
    json.end_object();
  }
  json.end_array().end_object();
  return line + "\n";
}

}  // namespace matinee
