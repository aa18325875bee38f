// libFuzzer target: any bytes as an IMDb table give an Error or a table, which is printed as the same bytes, but for
// blank lines and mixed line ends. The first byte chooses the options.
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/catalog/artifact_text.h"
#include "lib/io/text_reader.h"
#include "lib/table/tsv_reader.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace matinee;
  using testing::MemoryFile;
  if (size == 0) return 0;
  static ThreadPool pool(2);
  TsvReadOptions options;
  options.keep_going = (data[0] & 1) != 0;
  options.line_limit = (data[0] & 2) != 0 ? 64 : 1 << 20;
  const MemoryFile input(data + 1, size - 1), table, output;
  try {
    const TsvReadReport report = tsv_to_table(input.path(), table.path(), options, pool, [](std::uint64_t) {});
    OutputFile out(output.path());
    write_artifact_text(table.path(), ArtifactFormat::kTsv, out);
    out.commit();
    const bool exact = report.skipped == 0 && report.blank_lines == 0 && report.other_ends == 0;
    if (exact && read_text(output.path()) != read_text(input.path())) __builtin_trap();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
