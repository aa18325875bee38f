// similar: finds the movies nearest to a movie or to preferences.
#include <unistd.h>

#include <optional>

#include "kernels/context.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/io/text_reader.h"
#include "lib/recommend/movie_finder.h"

namespace {

using namespace matinee;

struct SimilarOptions {
  std::string catalog, output = "-", format = "tsv", precision = "f32";
  std::vector<std::string> queries, weights;
  std::int32_t k = 10;
  double prior = 1;
  bool explain = false;
  MovieFilter filter;

  void add(OptionSet& options) {
    options.text("catalog,c", &catalog, "FILE", "the catalog (movies.bin) that embed made");
    options.text("output,o", &output, "FILE", "output file; - is stdout");
    options.integer("k,k", &k, 1, 100000, "movies per query");
    options.choice("format", &format, {"tsv", "jsonl"}, "format of the results");
    options.flag("explain", &explain, "also print what each vector contributes, or why a movie fits the preferences");
    options.list("weights", &weights, "TITLE,CAST,CREW",
                 "weights of the three vectors; default: those stored in the catalog");
    options.real("prior", &prior, 0, 100,
                 "for preferences: how much votes, likes and ratings count beside similarity; 0: not at all");
    options.choice(
        "precision", &precision, {"f32", "bf16", "int8"},
        "how the vectors are held in memory for many queries over a large catalog; the results are the same");
    filter.add(options);
    options.positional(&queries, "QUERY", 0, 100000);
  }
};

DType storage_named(std::string_view precision) {
  return precision == "bf16" ? DType::kBF16 : precision == "int8" ? DType::kI8 : DType::kF32;
}

// Queries that are answered together, in their order. A query without an answer is reported and does not stop the
// others.
class QueryBatch {
 public:
  static constexpr std::size_t kMost = 4096;

  QueryBatch(MovieFinder& finder, const MovieCatalog& catalog, const SimilarOptions& options, OutputFile& out,
             const ToolContext& tool)
      : finder_(finder), catalog_(catalog), options_(options), out_(out), tool_(tool) {}

  void add(std::string_view query, const std::string& place) {
    ++read_;
    try {
      understood_.push_back(finder_.understand(query));
      texts_.emplace_back(query);
    } catch (Error& error) {
      if (error.code() != ErrorCode::kMissing && error.code() != ErrorCode::kBadData) throw;
      if (!place.empty()) error.add_context(place);
      tool_.note(error.what());
      ++failed_;
    }
    if (texts_.size() == kMost) answer();
  }

  // Writes the answers to all queries added so far.
  void answer() {
    const auto found = finder_.answer_all(understood_, options_.k);
    const auto format = options_.format == "tsv" ? to_tsv : to_json_line;
    for (std::size_t i = 0; i < texts_.size(); ++i)
      out_.write(format({texts_[i], understood_[i], found[i]}, catalog_, options_.explain));
    out_.flush();
    texts_.clear();
    understood_.clear();
  }

  std::uint64_t read() const { return read_; }
  bool failed() const { return failed_ > 0; }

 private:
  MovieFinder& finder_;
  const MovieCatalog& catalog_;
  const SimilarOptions& options_;
  OutputFile& out_;
  const ToolContext& tool_;
  std::vector<std::string> texts_;
  std::vector<MovieQuery> understood_;
  std::uint64_t read_ = 0, failed_ = 0;
};

int similar(const SimilarOptions& options, const ToolContext& tool) {
  const MovieCatalog catalog(options.catalog);
  ThreadPool pool(tool.threads());
  Context context(pool, resolve_device(tool.common().device));
  std::optional<VectorWeights> weights;
  if (!options.weights.empty()) weights = weights_from_words(options.weights);
  MovieFinder finder(catalog, context, options.filter, weights, static_cast<float>(options.prior), tool.notes(),
                     storage_named(options.precision));
  OutputFile out(options.output);
  if (options.format == "tsv") out.write(tsv_header(options.explain));
  QueryBatch batch(finder, catalog, options, out, tool);
  if (options.queries.empty() || (options.queries.size() == 1 && options.queries[0] == "-")) {
    LineReader lines("-");
    std::optional<Progress> progress;
    // Nothing is drawn between answers on a terminal.
    if (isatty(STDOUT_FILENO) == 0) progress = tool.progress("reading queries", lines.source().size(), "bytes");
    std::string_view line;
    while (lines.next(line)) {
      if (!line.empty()) batch.add(line, lines.place());
      // Whoever waits for an answer before the next query gets it.
      if (!lines.line_is_there()) batch.answer();
      if (progress) progress->reach(lines.source().position());
    }
  } else {
    for (const std::string& query : options.queries) batch.add(query, "");
  }
  batch.answer();
  out.commit();
  tool.finished({batch.read(), "queries"});
  return batch.failed() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "similar",
      "finds the movies nearest to a movie or to a user's preferences",
      "--catalog FILE [options] [QUERY...]",
      R"text(A QUERY is a title as people write it ("Heat (1995)" or "heat 1995", "godfather 2", "shawshank"), a tconst, an
             imdb.com address, or a preference state in JSON. What may mean several movies is taken for the best known;
             stderr says so and names the others. Without a QUERY, or with -, queries are read from stdin, one per line.
             The filters apply to every query.)text",
      {"similar --catalog movies.bin -k 5 'The Matrix'",
       "similar --catalog movies.bin --years 1990-1999 --explain Alien",
       "similar --catalog movies.bin --prior 0 '{\"liked\":[\"Alien\",\"Heat\"]}'",
       "echo '{\"genres\":[\"Comedy\"],\"years\":\"1990s\"}' | similar --catalog movies.bin --format jsonl"},
      "embed(1), chat(1)"};
  SimilarOptions options;
  return run_tool(
      argc, argv, description, kThreads | kDevice | kProgress | kStats, [&](OptionSet& set) { options.add(set); },
      [&](ToolContext& tool) {
        if (options.catalog.empty()) throw usage_error("expected --catalog FILE, made by embed");
        return similar(options, tool);
      });
}
