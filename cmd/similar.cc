// similar: movies or preferences in, the nearest movies out.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/context.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/catalog/title_index.h"
#include "lib/dialogue/preference_state.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"
#include "lib/recommend/movie_ranker.h"
#include "lib/vectors/similarity_search.h"

namespace {

using namespace matinee;

struct SimilarOptions {
  std::string catalog, output = "-", format = "tsv";
  std::vector<std::string> queries;
  std::int32_t k = 10;
  bool explain = false;
  std::string years, runtime;
  std::vector<std::string> genres, not_genres;
  std::int64_t min_votes = 0;
  double min_rating = 0;
  std::vector<std::string> weights;
};

struct Filters {
  std::optional<Span> years, runtime;
  std::vector<GenreId> genres, not_genres;
  std::int64_t min_votes = 0;
  double min_rating = 0;

  bool admits(const MovieCatalog& catalog, MovieId movie) const {
    const auto within = [](std::int32_t value, const std::optional<Span>& span) {
      return !span || (value >= span->low && value <= span->high);
    };
    const auto has_genre = [&](GenreId genre) { return (catalog.genre_mask(movie) >> genre & 1) != 0; };
    for (const GenreId genre : genres) {
      if (!has_genre(genre)) return false;
    }
    for (const GenreId genre : not_genres) {
      if (has_genre(genre)) return false;
    }
    return within(catalog.year(movie), years) && within(catalog.runtime(movie), runtime) &&
           (min_votes <= 0 || catalog.votes(movie) >= min_votes) &&
           (min_rating <= 0 || catalog.rating_tenths(movie) >= min_rating * 10 - 1e-6);
  }
};

// "1990-1999", "1990-", "-1999" or "1994".
std::optional<Span> span_of(const char* option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto number = [&](std::string_view digits, std::int32_t absent) {
    std::int32_t value = absent;
    if (!digits.empty()) {
      const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (code != std::errc() || end != digits.data() + digits.size() || value < 0) {
        throw usage_error("--{}: expected LOW-HIGH, LOW-, -HIGH or a number, found \"{}\"", option, text);
      }
    }
    return value;
  };
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return Span{number(text, 0), number(text, 0)};
  const Span span{number(std::string_view(text).substr(0, dash), 0),
                  number(std::string_view(text).substr(dash + 1), 1'000'000)};
  if (span.low > span.high) throw usage_error("--{}: \"{}\" ends before it begins", option, text);
  return span;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<GenreId> genres_of(const MovieCatalog& catalog, const std::vector<std::string>& names) {
  std::vector<GenreId> genres;
  for (const std::string& name : names) {
    const auto genre = catalog.genre_id(name);
    if (!genre) throw usage_error("no genre \"{}\"; the catalog has {}", name, joined(catalog.genres()));
    genres.push_back(*genre);
  }
  return genres;
}

// Six places: what float32 sums are good for.
double rounded(float score) { return std::round(static_cast<double>(score) * 1e6) / 1e6; }

std::string year_text(std::int32_t year) { return year == kUnknown ? "\\N" : std::to_string(year); }

std::string reason_text(const MovieCatalog& catalog, const Reason& reason) {
  switch (reason.kind) {
    case Reason::Kind::kGenre:
      return fmt::format("genre {}", catalog.genres()[static_cast<std::size_t>(reason.id)]);
    case Reason::Kind::kPerson:
      return fmt::format("with {}", catalog.person_display_name(reason.id));
    case Reason::Kind::kYears:
      return "years";
    case Reason::Kind::kRuntime:
      return "running time";
    case Reason::Kind::kPopular:
      return "popular";
    case Reason::Kind::kHidden:
      return "little known";
    case Reason::Kind::kSimilar:
      return fmt::format("like {}", catalog.display_name(reason.id));
  }
  return "";
}

// One line of either kind of result.
struct Found {
  MovieId movie;
  float score;
  std::optional<std::array<float, kVectorKinds>> parts;  // of a movie's neighbor
  std::vector<Reason> reasons;                           // of a preference's candidate
};

class Similar {
 public:
  Similar(const SimilarOptions& options, const ToolContext& tool)
      : options_(options),
        tool_(tool),
        catalog_(options.catalog),
        view_(catalog_),
        titles_(catalog_),
        pool_(tool.threads()),
        context_(pool_, resolve_device(tool.common().device)),
        search_(view_, context_, options.weights.empty() ? view_.weights() : weights_from_words(options.weights)),
        allowed_(all_movies(catalog_.size())),
        out_(options.output) {
    const Filters filters{span_of("years", options.years),
                          span_of("runtime", options.runtime),
                          genres_of(catalog_, options.genres),
                          genres_of(catalog_, options.not_genres),
                          options.min_votes,
                          options.min_rating};
    for (MovieId movie = 0; movie < catalog_.size(); ++movie) {
      if (filters.admits(catalog_, movie)) continue;
      remove(allowed_, movie);
      refused_.push_back(movie);
    }
    if (options.format == "tsv") {
      out_.write("query\trank\ttconst\tprimaryTitle\tstartYear\tscore");
      out_.write(options.explain ? "\ttitle\tcast\tcrew\treasons\n" : "\n");
    }
  }

  void answer(std::string_view query) {
    std::vector<Found> found;
    if (query.starts_with('{')) {
      const PreferenceState state = parse_preference_state(query, catalog_);
      if (!ranker_) ranker_ = std::make_unique<MovieRanker>(catalog_);
      for (Candidate& candidate : ranker_->rank(state, refused_, options_.k)) {
        found.push_back({candidate.movie, candidate.score, std::nullopt, std::move(candidate.reasons)});
      }
    } else {
      const SimilarityTerm term{resolve(query), 1};
      for (const Neighbor& neighbor : search_.search({&term, 1}, options_.k, allowed_)) {
        found.push_back({neighbor.movie, neighbor.score, neighbor.parts, {}});
      }
    }
    options_.format == "tsv" ? write_tsv(query, found) : write_json(query, found);
    out_.flush();
  }

  void commit() { out_.commit(); }

 private:
  MovieId resolve(std::string_view query) const {
    if (const auto movie = catalog_.find_tconst(query)) return *movie;
    if (query.starts_with("tt") && query.size() > 6 && query.find_first_not_of("0123456789", 2) == query.npos) {
      throw missing("the catalog has no {}; it may be of another type or have too few votes", query);
    }
    if (const auto movie = catalog_.find_display_name(query)) return *movie;
    const TitleLookup lookup = titles_.find(query);
    if (lookup.match == TitleMatch::kNone) {
      throw missing("no movie \"{}\"{}", query, lookup.movies.empty() ? "" : "; the nearest: " + names(lookup.movies));
    }
    if (lookup.movies.size() > 1) {
      throw missing("\"{}\" may be {}; give the year or the tconst", query, names(lookup.movies));
    }
    if (lookup.match == TitleMatch::kFuzzy) {
      tool_.note(fmt::format("\"{}\" taken for {}", query, catalog_.display_name(lookup.movies[0])));
    }
    return lookup.movies[0];
  }

  std::string names(const std::vector<MovieId>& movies) const {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(movies.size(), 10); ++i) {
      if (i > 0) text += ", ";
      text += fmt::format("{} {}", catalog_.display_name(movies[i]), catalog_.tconst(movies[i]));
    }
    return text;
  }

  void write_tsv(std::string_view query, const std::vector<Found>& found) {
    int rank = 0;
    for (const Found& each : found) {
      out_.write(fmt::format("{}\t{}\t{}\t{}\t{}\t{:.4f}", query, ++rank, catalog_.tconst(each.movie),
                             catalog_.title(each.movie), year_text(catalog_.year(each.movie)), each.score));
      if (options_.explain) {
        for (int kind = 0; kind < kVectorKinds; ++kind) {
          out_.write(each.parts ? fmt::format("\t{:.4f}", (*each.parts)[kind]) : "\t\\N");
        }
        std::string reasons;
        for (const Reason& reason : each.reasons) {
          if (!reasons.empty()) reasons += "; ";
          reasons += reason_text(catalog_, reason);
        }
        out_.write("\t" + (reasons.empty() ? "\\N" : reasons));
      }
      out_.write("\n");
    }
  }

  void write_json(std::string_view query, const std::vector<Found>& found) {
    std::string line;
    JsonWriter json(line);
    json.begin_object().field("query", query).key("neighbors").begin_array();
    for (const Found& each : found) {
      json.begin_object().field("tconst", catalog_.tconst(each.movie)).field("title", catalog_.title(each.movie));
      json.key("year");
      catalog_.year(each.movie) == kUnknown ? json.null() : json.integer(catalog_.year(each.movie));
      json.field("score", rounded(each.score));
      if (options_.explain && each.parts) {
        for (int kind = 0; kind < kVectorKinds; ++kind) {
          json.field(name_of(static_cast<VectorKind>(kind)), rounded((*each.parts)[kind]));
        }
      }
      if (options_.explain && !each.parts) {
        json.key("reasons").begin_array();
        for (const Reason& reason : each.reasons) json.string(reason_text(catalog_, reason));
        json.end_array();
      }
      json.end_object();
    }
    json.end_array().end_object();
    out_.write(line + "\n");
  }

  const SimilarOptions& options_;
  const ToolContext& tool_;
  MovieCatalog catalog_;
  MovieVectorView view_;
  TitleIndex titles_;
  ThreadPool pool_;
  Context context_;
  SimilaritySearch search_;
  std::unique_ptr<MovieRanker> ranker_;
  MovieMask allowed_;
  std::vector<MovieId> refused_;  // by the filters
  OutputFile out_;
};

int similar(const SimilarOptions& options, const ToolContext& tool) {
  Similar similar(options, tool);
  int failed = 0;
  // What cannot be answered is told, and the rest answered.
  const auto answer = [&](std::string_view query, const std::string& place) {
    try {
      similar.answer(query);
    } catch (Error& error) {
      if (error.code() != ErrorCode::kMissing && error.code() != ErrorCode::kBadData) throw;
      if (!place.empty()) error.add_context(place);
      tool.note(error.what());
      ++failed;
    }
  };
  if (options.queries.empty() || (options.queries.size() == 1 && options.queries[0] == "-")) {
    LineReader lines("-");
    std::string_view line;
    while (lines.next(line)) {
      if (!line.empty()) answer(line, lines.place());
    }
  } else {
    for (const std::string& query : options.queries) answer(query, "");
  }
  similar.commit();
  return failed > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "similar",
      "finds the movies nearest to a movie or to a user's preferences",
      "--catalog FILE [options] [QUERY...]",
      "A QUERY is a tconst, a title (\"Heat (1995)\" where several share it; typing errors are forgiven) or a "
      "preference "
      "state as JSON. Without one, or with -, queries are read from stdin, one a line. Filters hold for all of them.",
      {"similar --catalog movies.bin -k 5 'The Matrix'",
       "similar --catalog movies.bin --years 1990-1999 --explain Alien",
       "echo '{\"genres\":[\"Comedy\"],\"years\":\"1990s\"}' | similar --catalog movies.bin --format jsonl"},
      "embed(1), chat(1)"};
  SimilarOptions options;
  return run_tool(
      argc, argv, description, kThreads | kDevice,
      [&](OptionSet& set) {
        set.text("catalog,c", &options.catalog, "FILE", "movies.bin, made by embed");
        set.text("output,o", &options.output, "FILE", "where the result goes; - is stdout");
        set.integer("k,k", &options.k, 1, 100000, "movies per query");
        set.choice("format", &options.format, {"tsv", "jsonl"}, "form of the result");
        set.flag("explain", &options.explain, "also what each vector contributed, or why a movie fits the preferences");
        set.list("weights", &options.weights, "TITLE,CAST,CREW",
                 "what each vector counts between movies; without it, as the catalog says");
        set.group("Filters");
        set.text("years", &options.years, "LOW-HIGH", "startYear; either end may be left out");
        set.text("runtime", &options.runtime, "LOW-HIGH", "runtimeMinutes");
        set.list("genre", &options.genres, "GENRE", "having all of these");
        set.list("not-genre", &options.not_genres, "GENRE", "having none of these");
        set.integer("min-votes", &options.min_votes, 0, 1'000'000'000, "numVotes at least");
        set.real("min-rating", &options.min_rating, 0, 10, "averageRating at least");
        set.positional(&options.queries, "QUERY", 0, 100000);
      },
      [&](ToolContext& tool) {
        if (options.catalog.empty()) throw usage_error("expected --catalog FILE, made by embed");
        return similar(options, tool);
      });
}
