// embed: the IMDb tables in, the joined catalog with its vectors out.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/context.h"
#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/vectors/movie_vectors.h"
#include "lib/vectors/similarity_search.h"

namespace {

using namespace matinee;

// The catalog without vectors, which is what the vectors are computed from; gone with the object.
class UnfinishedCatalog {
 public:
  explicit UnfinishedCatalog(const std::string& output) {
    const std::string beside = output == "-" ? (std::filesystem::temp_directory_path() / "movies").string() : output;
    path_ = fmt::format("{}.{}.unfinished", beside, ::getpid());
  }
  ~UnfinishedCatalog() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  UnfinishedCatalog(const UnfinishedCatalog&) = delete;
  UnfinishedCatalog& operator=(const UnfinishedCatalog&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct EmbedOptions {
  std::string output = "-";
  CatalogTables tables;
  std::vector<std::string> inputs;
  CatalogOptions catalog;
  VectorOptions vectors;
  std::vector<std::string> weights;
  int neighbors = 0;
};

CatalogTables tables_of(const EmbedOptions& options) {
  CatalogTables tables;
  if (!options.inputs.empty()) tables = CatalogTables::in_folder(options.inputs.front());
  const auto replace = [](std::string& table, const std::string& wish) {
    if (!wish.empty()) table = wish;
  };
  replace(tables.basics, options.tables.basics);
  replace(tables.ratings, options.tables.ratings);
  replace(tables.crew, options.tables.crew);
  replace(tables.principals, options.tables.principals);
  replace(tables.names, options.tables.names);
  const std::pair<const char*, const std::string*> all[] = {{"--basics", &tables.basics},
                                                            {"--ratings", &tables.ratings},
                                                            {"--crew", &tables.crew},
                                                            {"--principals", &tables.principals},
                                                            {"--names", &tables.names}};
  for (const auto& [option, table] : all) {
    if (table->empty()) throw usage_error("expected a folder with the five tables, or {} FILE", option);
  }
  return tables;
}

int embed(EmbedOptions options, const ToolContext& tool) {
  options.vectors.seed = tool.common().seed;
  if (!options.weights.empty()) options.vectors.weights = weights_from_words(options.weights);
  ThreadPool pool(tool.threads());
  const UnfinishedCatalog unfinished(options.output);
  const CatalogBuilder builder(tables_of(options), options.catalog);
  tool.note(builder.report().describe());
  builder.save(unfinished.path());
  const MovieCatalog catalog(unfinished.path());
  const MovieVectors vectors = make_movie_vectors(catalog, options.vectors, pool);

  std::vector<std::int32_t> ids;
  std::vector<float> scores;
  if (options.neighbors > 0) {
    Context context(pool, resolve_device(tool.common().device));
    const MovieVectorView view(vectors, options.vectors.weights);
    SimilaritySearch(view, context).all_neighbors(options.neighbors, ids, scores);
  }
  SafetensorsWriter writer(options.output, "catalog", vector_metadata(options.vectors));
  builder.declare(writer);
  declare_vectors(writer, vectors);
  if (options.neighbors > 0) {
    writer.declare("neighbours.ids", DType::kI32, {catalog.size(), options.neighbors});
    writer.declare("neighbours.scores", DType::kF32, {catalog.size(), options.neighbors});
  }
  builder.write(writer);
  write_vectors(writer, vectors);
  if (options.neighbors > 0) {
    writer.write("neighbours.ids", std::span<const std::int32_t>(ids));
    writer.write("neighbours.scores", std::span<const float>(scores));
  }
  writer.commit();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "embed",
      "joins the IMDb tables into a catalog of the most voted-for movies, with three vectors for each",
      "[options] [FOLDER]",
      "FOLDER holds title.basics, title.ratings, title.crew, title.principals and name.basics, each as .bin (made by "
      "tsv2bin), .tsv or .tsv.gz; or name the tables one by one. References to people or titles that the tables lack "
      "are counted and reported.",
      {"embed -o movies.bin testdata/sample",
       "embed --top 5000 --basics title.basics.bin --ratings title.ratings.bin --crew title.crew.bin "
       "--principals title.principals.bin --names name.basics.bin -o movies.bin"},
      "tsv2bin(1), similar(1)"};
  EmbedOptions options;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice,
      [&](OptionSet& set) {
        set.text("output,o", &options.output, "FILE", "where the catalog goes; - is stdout");
        set.group("Tables");
        set.text("basics", &options.tables.basics, "FILE", "title.basics");
        set.text("ratings", &options.tables.ratings, "FILE", "title.ratings");
        set.text("crew", &options.tables.crew, "FILE", "title.crew");
        set.text("principals", &options.tables.principals, "FILE", "title.principals");
        set.text("names", &options.tables.names, "FILE", "name.basics");
        set.group("Which movies");
        set.integer("top", &options.catalog.top, 1, 10'000'000, "keep this many, the most voted-for");
        set.text("type", &options.catalog.type, "TYPE", "keep titles of this titleType");
        set.integer("cast", &options.catalog.cast_size, 0, 1000, "people of the cast to keep per movie");
        set.group("Vectors");
        set.integer("dim", &options.vectors.dim, 16, 4096, "length of each vector");
        set.choice("method", &options.vectors.method, {"cooccurrence", "projection"},
                   "how cast and crew become vectors (docs/embeddings.md)");
        set.list("weights", &options.weights, "TITLE,CAST,CREW",
                 "what each vector counts in a similarity; stored in the file [0.5,0.3,0.2]");
        set.integer("neighbors", &options.neighbors, 0, 1000, "also store so many nearest movies of each");
        set.positional(&options.inputs, "FOLDER", 0, 1);
      },
      [&](ToolContext& tool) { return embed(options, tool); });
}
