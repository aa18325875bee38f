// libFuzzer target: any bytes as an IMDb table give an Error or a table, which is printed as the same bytes
// unless rows were skipped. The first byte chooses the options.
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/io/text_reader.h"
#include "lib/table/table_reader.h"
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
    const TsvReadReport report = tsv_to_table(input.path(), table.path(), options, pool);
    OutputFile out(output.path());
    write_table_tsv(table.path(), out, pool);
    out.commit();
    if (report.skipped == 0 && read_text(output.path()) != read_text(input.path())) __builtin_trap();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
