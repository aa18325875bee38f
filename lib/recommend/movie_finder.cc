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

std::string listed(const MovieCatalog& catalog, const std::vector<MovieId>& movies) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(movies.size(), 10); ++i) {
    if (i > 0) text += ", ";
    text += fmt::format("{} {}", catalog.display_name(movies[i]), catalog.tconst(movies[i]));
  }
  return text;
}

}  // namespace

MovieFinder::MovieFinder(const MovieCatalog& catalog, Context& context, const MovieFilter& filter,
                         const std::optional<VectorWeights>& weights, float prior,
                         std::function<void(std::string_view)> note)
    : catalog_(catalog),
      view_(catalog),
      titles_(catalog),
      search_(view_, context, weights.value_or(view_.weights())),
      ranker_weights_{.prior = scaled(prior), .vectors = weights},
      allowed_(filter.matches(catalog)),
      note_(std::move(note)) {}

MovieId MovieFinder::movie_named(std::string_view name) const {
  if (const auto tconst = tconst_in(name)) {
    if (const auto movie = catalog_.find_tconst(*tconst)) return *movie;
    throw missing("the catalog has no {}; it may be of another type or have too few votes", *tconst);
  }
  if (const auto movie = catalog_.find_display_name(name)) return *movie;
  const TitleLookup lookup = titles_.find(name);
  if (lookup.match == TitleMatch::kNone) {
    throw missing("no movie \"{}\"{}", name,
                  lookup.movies.empty() ? "" : "; the nearest: " + listed(catalog_, lookup.movies));
  }
  if (lookup.movies.size() > 1) {
    throw missing("\"{}\" may be {}; give the year or the tconst", name, listed(catalog_, lookup.movies));
  }
  if (lookup.match == TitleMatch::kFuzzy) {
    note_(fmt::format("\"{}\" taken for {}", name, catalog_.display_name(lookup.movies[0])));
  }
  return lookup.movies[0];
}

std::vector<FoundMovie> MovieFinder::find(std::string_view query, std::int32_t k) {
  std::vector<FoundMovie> found;
  if (query.starts_with('{')) {
    const PreferenceState state = parse_preference_state(query, catalog_);
    if (!ranker_) ranker_ = std::make_unique<MovieRanker>(catalog_, ranker_weights_);
    for (Candidate& candidate : ranker_->rank_among(state, allowed_, k))
      found.push_back({candidate.movie, candidate.score, std::nullopt, std::move(candidate.reasons)});
  } else {
    const SimilarityTerm term{movie_named(query), 1};
    for (const Neighbor& neighbor : search_.search({&term, 1}, k, &allowed_))
      found.push_back({neighbor.movie, neighbor.score, neighbor.parts, {}});
  }
  return found;
}

std::string tsv_header(bool explain) {
  return std::string("query\trank\ttconst\tprimaryTitle\tstartYear\tscore") +
         (explain ? "\ttitle\tcast\tcrew\treasons\n" : "\n");
}

std::string to_tsv(std::string_view query, const std::vector<FoundMovie>& found, const MovieCatalog& catalog,
                   bool explain) {
  std::string lines;
  int rank = 0;
  for (const FoundMovie& each : found) {
    const std::int32_t year = catalog.year(each.movie);
    lines += fmt::format("{}\t{}\t{}\t{}\t{}\t{:.4f}", query, ++rank, catalog.tconst(each.movie),
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

std::string to_json_line(std::string_view query, const std::vector<FoundMovie>& found, const MovieCatalog& catalog,
                         bool explain) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("query", query).key("neighbors").begin_array();
  for (const FoundMovie& each : found) {
    const std::int32_t year = catalog.year(each.movie);
    json.begin_object().field("tconst", catalog.tconst(each.movie)).field("title", catalog.title(each.movie));
    json.key("year");
    year == kUnknown ? json.null() : json.integer(year);
    json.field("score", rounded(each.score));
    if (explain && each.parts) {
      for (std::size_t kind = 0; kind < kVectorKinds; ++kind)
        json.field(name_of(static_cast<VectorKind>(kind)), rounded((*each.parts)[kind]));
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
