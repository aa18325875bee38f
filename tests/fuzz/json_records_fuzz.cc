// libFuzzer target: any bytes as a JSON file give an Error or records, which are parts of the file in its order. Put
// into an array, they are records again.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/io/json_records.h"
#include "tests/fuzz/memory_file.h"

namespace {

using matinee::testing::MemoryFile;

std::vector<std::string> records_of(std::string_view text) {
  const MemoryFile file(text.data(), text.size());
  matinee::JsonRecordReader reader(file.path(), 1000);
  std::vector<std::string> records;
  std::uint64_t line = 0;
  for (std::string_view record; reader.next(record);) {
    if (record.size() > 1000 || reader.position().line < line) __builtin_trap();
    line = reader.position().line;
    records.emplace_back(record);
  }
  return records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    std::size_t at = 0;
    for (const std::string& record : records_of(text)) {
      // The text of a gzip file is not among its bytes.
      if (text.starts_with("\x1f\x8b")) continue;
      at = text.find(record, at);
      if (at == std::string_view::npos) __builtin_trap();
      at += record.size();
    }
    // Objects without nested brackets, quotes or line ends stay what they are in an array.
    std::string array = "[";
    std::vector<std::string> simple;
    for (const std::string& record : records_of(text)) {
      if (!record.starts_with("{") || record.find('}') != record.size() - 1) continue;
      if (record.find_first_of("\"[]\\\n", 1) != std::string::npos || record.find('{', 1) != std::string::npos)
        continue;
      simple.push_back(record);
      array += (array.size() > 1 ? ",\n" : "") + record;
    }
    if (!simple.empty() && records_of(array + "]") != simple) __builtin_trap();
  } catch (const matinee::Error& error) {
    if (error.code() == matinee::ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
