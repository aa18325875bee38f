// embed: joins the IMDb tables into a catalog with its vectors.
#include "lib/base/tool.h"
#include "lib/vectors/embedding_run.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "embed",
      "joins the IMDb tables into a catalog of the most-voted movies, with three vectors for each",
      "[options] [FOLDER]",
      R"(FOLDER holds title.basics and as many as there are of title.ratings, title.crew, title.principals,
         name.basics, title.akas and title.certificates, each as .bin (made by tsv2bin), .tsv or .tsv.gz; the newest
         counts. In a folder without title.basics, tables are recognized by their headers. Each table can also be given
         by its own option. What a missing table leaves unknown is said, and so are references to people or titles
         that the tables lack.)",
      {"embed -o movies.bin .",
       "embed --top 5000 --basics title.basics.bin --ratings title.ratings.bin --crew title.crew.bin "
       "--principals title.principals.bin --names name.basics.bin -o movies.bin"},
      "tsv2bin(1), similar(1)"};
  EmbeddingRun run;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice | kProgress | kStats,
      [&](OptionSet& options) { run.add(options); },
      [&](ToolContext& tool) {
        run_embedding(run, tool);
        return 0;
      });
}
