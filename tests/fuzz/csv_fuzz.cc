// libFuzzer target: any bytes read as CSV give an Error or records; the records written with quotes are read again as
// the same.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/io/csv_reader.h"

namespace {

std::vector<std::vector<std::string>> records_of(std::string_view text) {
  matinee::CsvReader reader(text, "fuzz.csv");
  std::vector<std::vector<std::string>> records;
  for (std::vector<std::string> fields; reader.next(fields);) records.push_back(fields);
  return records;
}

std::string quoted(const std::vector<std::vector<std::string>>& records) {
  std::string text;
  for (const auto& record : records) {
    for (std::size_t i = 0; i < record.size(); ++i) {
      text += i == 0 ? "\"" : ",\"";
      for (const char c : record[i]) text += c == '"' ? "\"\"" : std::string(1, c);
      text += '"';
    }
    text += "\r\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto records = records_of({reinterpret_cast<const char*>(data), size});
    for (const auto& record : records) {
      if (record.empty()) __builtin_trap();
    }
    if (records_of(quoted(records)) != records) __builtin_trap();
  } catch (const matinee::Error& error) {
    if (error.code() == matinee::ErrorCode::kInternal) __builtin_trap();
  }
  return 0;
}
