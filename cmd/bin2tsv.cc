// bin2tsv: prints an artifact as text; a table becomes the TSV that it was made from.
#include "lib/base/tool.h"
#include "lib/catalog/artifact_text.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "bin2tsv",
      "prints an artifact of Matinee, or any safetensors file, as text",
      "[options] FILE",
      R"(A table is printed as the TSV that tsv2bin read, byte for byte, and a catalog as one line per movie. Files
         without rows are printed as one line per tensor, as --list does for every file.)",
      {"bin2tsv title.ratings.bin | head", "bin2tsv --format jsonl movies.bin",
       "bin2tsv --list adapter/adapter_model.safetensors"},
      "tsv2bin(1), embed(1), tokenize(1)"};
  std::string output = "-", format = "auto";
  bool list = false;
  std::vector<std::string> inputs;
  return run_tool(
      argc, argv, description, kThreads | kProgress | kStats,
      [&](OptionSet& options) {
        options.text("output,o", &output, "FILE", "output file; - is stdout");
        options.choice("format", &format, {"auto", "tsv", "jsonl"}, "auto: TSV for a table, JSON lines for the rest");
        options.flag("list", &list, "print only the metadata and the tensors");
        options.positional(&inputs, "FILE", 1, 1);
      },
      [&](ToolContext& tool) {
        ThreadPool pool(tool.threads());
        OutputFile out(output);
        if (list) {
          write_artifact_listing(inputs.front(), out);
        } else {
          Progress progress = tool.progress("writing " + output, 0, "rows");
          write_artifact_text(inputs.front(),
                              format == "tsv"     ? ArtifactFormat::kTsv
                              : format == "jsonl" ? ArtifactFormat::kJsonLines
                                                  : ArtifactFormat::kAuto,
                              out, pool, [&](std::uint64_t done, std::uint64_t total) { progress.reach(done, total); });
          progress.finish();
        }
        out.commit();
        tool.finished(out.bytes_written());
        return 0;
      });
}
