// similar: finds the movies nearest to a movie or to preferences.
#include <unistd.h>

#include <optional>

#include "kernels/context.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/io/text_reader.h"
#include "lib/recommend/query_batch.h"

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
    options.offer_suffixes({".bin"});
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
  QueryBatch batch(
      finder, catalog, {options.k, options.format == "jsonl", options.explain},
      [&](std::string_view text) { out.write(text); }, tool.notes());
  if (options.queries.empty() || (options.queries.size() == 1 && options.queries[0] == "-")) {
    LineReader lines("-");
    std::optional<Progress> progress;
    // Nothing is drawn between answers on a terminal.
    if (isatty(STDOUT_FILENO) == 0) progress = tool.progress("reading queries", lines.source().size(), "bytes");
    std::string_view line;
    while (lines.next(line)) {
      if (!line.empty()) batch.add(line, lines.place());
      // Whoever waits for an answer before the next query gets it.
      if (!lines.line_is_there()) {
        batch.answer();
        out.flush();
      }
      if (progress) progress->reach(lines.source().position());
    }
  } else {
    for (const std::string& query : options.queries) batch.add(query, "");
  }
  batch.answer();
  out.commit();
  tool.finished({batch.read(), "queries"});
  return batch.failed() > 0 ? 1 : 0;
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
      {"similar --catalog movies.bin 'The Matrix'", "similar --catalog movies.bin --years 1990-1999 --explain Alien",
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
