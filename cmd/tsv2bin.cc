// tsv2bin: turns one IMDb table in TSV into a typed table.
#include <fmt/format.h>

#include "lib/base/format_error.h"
#include "lib/base/tool.h"
#include "lib/table/skip_options.h"
#include "lib/table/table_path.h"
#include "lib/table/tsv_reader.h"

namespace {

using namespace matinee;

constexpr std::uint64_t kMostLineLimit = std::uint64_t{1} << 30;

void print_notes(const ToolContext& tool, const TsvReadReport& report) {
  if (report.skipped > 0) {
    tool.note(fmt::format("skipped {} bad {} and kept {}; the first: {}", report.skipped,
                          report.skipped == 1 ? "row" : "rows", report.rows, report.first_skipped));
  }
  if (report.blank_lines > 0)
    tool.note(fmt::format("{} blank lines are no rows; bin2tsv gives them back", report.blank_lines));
  if (report.other_ends > 0) {
    tool.note(fmt::format("{} rows do not end as the header does (LF or CRLF); bin2tsv ends them as they were",
                          report.other_ends));
  }
  if (!report.last_row_ends && report.rows > 0)
    tool.note("the last row has no line end; the file may be cut off within its last field");
}

}  // namespace

int main(int argc, char** argv) {
  const ToolDescription description{
      "tsv2bin",
      "turns an IMDb table (TSV, plain or gzip) into a typed table that can be memory-mapped",
      "[options] [FILE]",
      R"(The table is recognized by its header line; unknown columns are kept as text. Without FILE, or with -, it reads
         stdin. A bad row stops it unless --keep-going is given. A folder with one file in it stands for the file.)",
      {"tsv2bin -o title.basics.bin title.basics.tsv.gz", "zcat title.ratings.tsv.gz | tsv2bin -o title.ratings.bin"},
      "bin2tsv(1), embed(1)"};
  SkipOptions skip;
  std::string output = "-";
  std::vector<std::string> inputs;
  std::uint64_t line_limit = TsvReadOptions().line_limit;
  return run_tool(
      argc, argv, description, kThreads | kProgress | kStats,
      [&](OptionSet& options) {
        options.text("output,o", &output, "FILE", "output file; - is stdout");
        skip.add(options);
        options.size("line-limit", &line_limit, "refuse longer lines");
        options.positional(&inputs, "FILE", 0, 1);
        options.offer_suffixes({".tsv", ".tsv.gz"});
      },
      [&](ToolContext& tool) {
        if (line_limit > kMostLineLimit)
          throw usage_error("--line-limit: expected at most 1 GiB, found {}", line_limit);
        TsvReadOptions read = skip.read_options();
        read.line_limit = line_limit;
        const std::string input = inputs.empty() ? "-" : table_path(inputs.front());
        ThreadPool pool(tool.threads());
        Progress progress = tool.progress("reading " + input, 0, "bytes");
        const TsvReadReport report = tsv_to_table(
            input, output, read, pool, [&](std::uint64_t done, std::uint64_t total) { progress.reach(done, total); });
        progress.finish();
        tool.finished({report.bytes, "bytes", report.bytes, report.limit});
        print_notes(tool, report);
        return 0;
      });
}
