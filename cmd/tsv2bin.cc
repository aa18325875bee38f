// tsv2bin: turns one IMDb table in TSV into a typed table.
#include <fmt/format.h>

#include "lib/base/tool.h"
#include "lib/table/tsv_reader.h"

int main(int argc, char** argv) {
  using namespace matinee;
  const ToolDescription description{
      "tsv2bin",
      "turns an IMDb table (TSV, plain or gzip) into a typed table that can be memory-mapped",
      "[options] [FILE]",
      R"(The table is recognized by its header line; unknown columns are kept as text. Without FILE, or with -, it reads
         stdin. A bad row stops it unless --keep-going is given.)",
      {"tsv2bin -o title.basics.bin title.basics.tsv.gz", "zcat title.ratings.tsv.gz | tsv2bin -o title.ratings.bin"},
      "bin2tsv(1), embed(1)"};
  TsvReadOptions read;
  std::string output = "-";
  std::vector<std::string> inputs;
  std::uint64_t line_limit = read.line_limit;
  return run_tool(
      argc, argv, description, kThreads | kProgress | kStats,
      [&](OptionSet& options) {
        options.text("output,o", &output, "FILE", "output file; - is stdout");
        options.flag("keep-going", &read.keep_going, "skip bad rows and report their number");
        options.size("line-limit", &line_limit, "refuse longer lines");
        options.positional(&inputs, "FILE", 0, 1);
      },
      [&](ToolContext& tool) {
        read.line_limit = line_limit;
        const std::string input = inputs.empty() ? "-" : inputs.front();
        ThreadPool pool(tool.threads());
        Progress progress = tool.progress("reading " + input, 0, "bytes");
        const TsvReadReport report =
            tsv_to_table(input, output, read, pool, [&](std::uint64_t bytes) { progress.advance(bytes); });
        progress.finish();
        tool.finished(report.bytes);
        if (report.skipped > 0) {
          tool.note(fmt::format("skipped {} bad {} and kept {}; the first: {}", report.skipped,
                                report.skipped == 1 ? "row" : "rows", report.rows, report.first_skipped));
        }
        if (report.blank_lines > 0) tool.note(fmt::format("left out {} blank lines", report.blank_lines));
        if (report.other_ends > 0) {
          tool.note(fmt::format("{} rows do not end as the header does (LF or CRLF); bin2tsv ends all as the header",
                                report.other_ends));
        }
        return 0;
      });
}
