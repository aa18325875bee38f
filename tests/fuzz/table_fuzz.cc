// libFuzzer target: any bytes as a table of tsv2bin give an Error or blocks in which every column has a value for every
// row.
#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/table/table_reader.h"
#include "tests/fuzz/memory_file.h"

namespace {

using namespace matinee;

void require(bool condition) {
  if (!condition) __builtin_trap();
}

void read_column(const TableBlock& block, const ColumnSpec& column, std::size_t index) {
  const std::size_t rows = block.rows();
  std::vector<std::string_view> texts, names;
  std::vector<std::int32_t> numbers;
  std::vector<std::uint32_t> ids, offsets, codes;
  block.texts(index, texts);
  require(texts.size() == rows);
  std::size_t sum = 0;
  for (const std::string_view text : texts)
    for (const char c : text) sum += static_cast<unsigned char>(c);
  require(sum <= 255u * (std::size_t{1} << 40));
  if (column.type != ColumnType::kText) {
    block.numbers(index, numbers);
    require(numbers.size() == rows);
    return;
  }
  block.ids(index, ids);
  require(ids.size() == rows);
  block.categories(index, names, codes);
  require(codes.size() == rows);
  for (std::size_t r = 0; r < rows; ++r) require(names.at(codes[r]) == texts[r]);
  block.id_lists(index, offsets, ids);
  require(offsets.size() == rows + 1 && offsets.front() == 0 && offsets.back() == ids.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ThreadPool pool(1);
  const matinee::testing::MemoryFile file(data, size);
  try {
    TableReader table(file.path());
    const std::vector<ColumnSpec> columns = table.columns();
    table.for_each_block(pool, [&](std::size_t, const TableBlock& block) {
      for (std::size_t c = 0; c < columns.size(); ++c) read_column(block, columns[c], c);
    });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
