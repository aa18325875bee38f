#include "lib/vectors/embedding_run.h"

#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "kernels/context.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/temporary_file.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/name_keys.h"
#include "lib/vectors/movie_map.h"
#include "lib/vectors/similarity_search.h"

namespace matinee {
namespace {

CatalogTables tables_of(const EmbeddingRun& run) {
  CatalogTables tables;
  if (!run.folder.empty()) tables = CatalogTables::in_folder(run.folder.front());
  for (const CatalogTable& table : catalog_tables()) {
    if (const std::string& given = run.tables.*table.path; !given.empty()) tables.*table.path = given;
  }
  if (tables.basics.empty()) throw usage_error("expected a folder with the tables, or --basics FILE");
  return tables;
}

// The catalog as later readers see it, without vectors: a file without a name on the disk of the output; the mapping
// keeps the contents. What the join needs in memory is free again.
MovieCatalog joined(const CatalogTables& tables, const EmbeddingRun& run, const ToolContext& tool, ThreadPool& pool) {
  const std::string folder = temporary_folder_for(run.output);
  const bool beside = run.output != "-" && folder == folder_of(run.output);
  std::optional<TemporaryFile> file;  // made first, so that a wrong folder is named before the tables are read
  if (beside) {
    with_context(run.output, [&] { file.emplace(folder); });
  } else {
    file.emplace(folder);
  }
  for (const std::string& note : tables.notes) tool.note(note);
  Progress reading = tool.progress("reading tables", 0, "rows");
  CatalogOptions options = run.catalog;
  options.read = run.skip.read_options();
  options.on_rows = [&](std::uint64_t rows) { reading.advance(rows); };
  const CatalogBuilder builder(tables, options, pool);
  reading.finish();
  for (const std::string& note : builder.report().notes) tool.note(note);
  tool.note(builder.report().describe());
  const Progress saving = tool.progress("saving the joined tables", 0, "");
  return with_context(beside ? run.output : folder, [&] {
    builder.save(file->path());
    return MovieCatalog(file->path());
  });
}

// The size of the files.
std::uint64_t bytes_of(const CatalogTables& tables) {
  std::uint64_t sum = 0;
  for (const CatalogTable& table : catalog_tables()) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(tables.*table.path, error);
    if (!error) sum += bytes;
  }
  return sum;
}

void declare_catalog(SafetensorsWriter& writer, const SafetensorsFile& catalog) {
  for (const TensorInfo& tensor : catalog.tensors()) writer.declare(tensor.name, tensor.dtype, tensor.shape);
}

// Copies the bytes of the texts, or all other tensors: in the file, texts follow the vectors.
void write_catalog(SafetensorsWriter& writer, const SafetensorsFile& catalog, bool texts) {
  for (const TensorInfo& tensor : catalog.tensors()) {
    if ((tensor.dtype == DType::kU8) != texts) continue;
    writer.write(tensor.name, catalog.data(tensor));
    catalog.release(tensor);
  }
}

}  // namespace

void EmbeddingRun::add(OptionSet& options) {
  options.text("output,o", &output, "FILE", "where the catalog goes; - is stdout");
  options.group("Tables");
  for (const CatalogTable& table : catalog_tables()) {
    options.text(table.option, &(tables.*table.path), "FILE", table.help);
    options.offer_suffixes({".bin", ".tsv", ".gz"});
  }
  skip.add(options);
  options.group("Which movies");
  options.integer("top", &catalog.top, 1, 10'000'000, "keep this many titles, those with the most votes");
  options.flag("adult", &catalog.adult, "keep adult titles (isAdult), too");
  options.list("type", &catalog.types, "TYPE,...", "keep titles of these titleTypes");
  options.offer_words({"movie", "short", "tvEpisode", "tvMiniSeries", "tvMovie", "tvPilot", "tvSeries", "tvShort",
                       "tvSpecial", "video", "videoGame"});
  options.integer("cast", &catalog.cast_size, 0, 1000, "people of the cast to keep per movie");
  options.group("Vectors");
  options.integer("dim", &vectors.dim, 16, 4096, "length of each vector");
  options.choice("method", &vectors.method, {"cooccurrence", "projection"},
                 "how cast and crew become vectors (docs/embeddings.md)");
  options.list("weights", &weights, "TITLE,CAST,CREW",
               "weight of each vector in a similarity; stored in the file [0.38,0.42,0.2]");
  options.text("co-likes", &vectors.co_likes, "FILE",
               "which films people like together (docs/formats.md); none: use no likes; default: the shipped counts");
  options.integer("neighbors", &neighbors, 0, 1000, "also store this many nearest movies of each movie");
  options.alias("neighbours");
  options.flag("map", &map, "also store a map of the movies: a place in the plane for each, near similar ones");
  options.positional(&folder, "FOLDER", 0, 1);
}

void run_embedding(EmbeddingRun run, const ToolContext& tool) {
  run.vectors.seed = tool.common().seed;
  if (!run.weights.empty()) run.vectors.weights = weights_from_words(run.weights);
  ThreadPool pool(tool.threads());
  std::optional<Context> context;
  const bool searches = run.neighbors > 0 || run.map;
  if (searches) context.emplace(pool, resolve_device(tool.common().device));
  const CatalogTables tables = tables_of(run);
  const MovieCatalog catalog = joined(tables, run, tool, pool);
  const BeginProgress progress = progress_of(tool);
  // The vectors go to the file one kind after the other; the search for neighbors needs them all at once.
  MovieVectorMaker maker(catalog, run.vectors, pool, progress);
  std::optional<StoredKeys> keys(std::in_place, catalog, pool);
  SafetensorsWriter writer(run.output, kCatalogKind, vector_metadata(run.vectors));
  keys->declare(writer);  // wide elements, so they come first in the file
  declare_catalog(writer, catalog.file());
  declare_vectors(writer, catalog.size(), run.vectors.dim, !maker.likes().empty());
  // The names of these tensors are spelled as in the first version of the format.
  if (run.neighbors > 0) {
    writer.declare("neighbours.ids", DType::kI32, {catalog.size(), run.neighbors});
    writer.declare("neighbours.scores", DType::kF32, {catalog.size(), run.neighbors});
  }
  if (run.map) writer.declare(kMapTensor, DType::kF32, {catalog.size(), 2});
  keys->write(writer);
  keys.reset();
  write_catalog(writer, catalog.file(), false);
  MovieVectors vectors;
  vectors.dim = run.vectors.dim;
  for (int i = 0; i < kVectorKinds; ++i) {
    const auto kind = static_cast<VectorKind>(i);
    std::vector<float> rows = maker.rows(kind);
    write_vectors(writer, kind, rows);
    if (searches) vectors.rows[i] = std::move(rows);
  }
  if (!maker.likes().empty()) write_likes(writer, maker.likes());
  const MovieVectorView view(vectors, run.vectors.weights);
  if (run.neighbors > 0) {
    std::vector<std::int32_t> ids;
    std::vector<float> scores;
    Progress searched = progress("neighbors", static_cast<std::uint64_t>(catalog.size()), "movies");
    SimilaritySearch(view, *context).all_neighbors(run.neighbors, ids, scores, nullptr, [&](std::size_t done) {
      searched.reach(done);
    });
    searched.finish();
    writer.write("neighbours.ids", std::span<const std::int32_t>(ids));
    writer.write("neighbours.scores", std::span<const float>(scores));
  }
  if (run.map) {
    const MapOptions options{.seed = run.vectors.seed};
    writer.write(kMapTensor, std::span<const float>(movie_map(view, options, *context, progress)));
  }
  Progress writing = progress("writing the catalog", 0, "");
  write_catalog(writer, catalog.file(), true);
  writer.commit();
  writing.finish();
  tool.finished({static_cast<std::uint64_t>(catalog.size()), "movies", bytes_of(tables)});
}

}  // namespace matinee
