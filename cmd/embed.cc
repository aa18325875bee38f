// embed: joins the IMDb tables into a catalog with its vectors.
#include "lib/base/tool.h"
#include "lib/vectors/embedding_run.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "embed",
      "joins the IMDb tables into a catalog of the most-voted movies, with three vectors for each",
      "[options] [FOLDER]",
      R"(FOLDER holds title.basics, title.ratings, title.crew, title.principals and name.basics, each as .bin (made by
         tsv2bin), .tsv or .tsv.gz, and may hold title.akas and title.certificates. Instead of FOLDER, each table can be
         given by its own option. References to people or titles that the tables lack are counted and reported.)",
      {"embed -o movies.bin testdata/sample",
       "embed --top 5000 --basics title.basics.bin --ratings title.ratings.bin --crew title.crew.bin "
       "--principals title.principals.bin --names name.basics.bin -o movies.bin"},
      "tsv2bin(1), similar(1)"};
  EmbeddingRun run;
  return run_tool(
      argc, argv, description, kThreads | kSeed | kDevice, [&](OptionSet& options) { run.add(options); },
      [&](ToolContext& tool) {
        run_embedding(run, tool);
        return 0;
      });
}
