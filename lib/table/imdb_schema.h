#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// How the values of a column are stored. Values on disk: never renumber.
enum class ColumnType : std::uint8_t {
  kText = 0,     ///< NAME.offsets, NAME.bytes; missing is the text \N
  kInteger = 1,  ///< NAME, I32; missing is INT32_MIN
  kTenths = 2,   ///< NAME, I32, ten times the value ("8.2" is 82); missing is INT32_MIN
};

struct ColumnSpec {
  std::string name;
  ColumnType type = ColumnType::kText;
  std::int32_t low = 0, high = 0;  ///< range of valid numbers; in tenths for kTenths
  bool needed = true;              ///< a table without it is refused; embed reads only such columns
};

/// One of IMDb's seven tables (https://developer.imdb.com/non-commercial-datasets/), or title.certificates in the same
/// layout: the age rating of a title ("PG-13"), which IMDb's tables do not have.
struct TableSchema {
  const char* name;  ///< "title.basics"
  std::vector<ColumnSpec> columns;
};
std::span<const TableSchema> imdb_tables();

/// The table that a header line belongs to, and the types of the header's columns in order; unknown columns are text.
/// Known names may be in upper or lower case, and the columns have them as IMDb writes them.
/// Throws Error(kBadData) with the most similar table if the header fits none of them.
struct RecognizedHeader {
  const TableSchema* table;
  std::vector<ColumnSpec> columns;
};
RecognizedHeader recognize_header(std::string_view line);

/// Splits a line at its tabs.
void split_fields(std::string_view line, std::vector<std::string_view>& fields);

}  // namespace matinee
