#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/io/safetensors.h"
#include "lib/table/imdb_schema.h"
#include "lib/table/table_block.h"

namespace matinee {

/// A table of IMDb, mapped from a file of kind "table" (docs/formats.md). Immutable: any thread may read. A missing
/// value is kMissingValue in a column of numbers and the text \N in a column of texts. A number that is not in
/// canonical form
/// ("007", "8" for "8.0") is kept twice: its value in the column, its text in the string column NAME.as_written, whose
/// rows are in NAME.as_written.rows (I64, ascending).
class ImdbTable {
 public:
  explicit ImdbTable(const std::string& path);

  const SafetensorsFile& file() const { return file_; }
  const std::string& name() const { return name_; }  ///< "title.basics"
  std::int64_t rows() const { return rows_; }
  const std::vector<ColumnSpec>& columns() const { return columns_; }
  /// Throws Error(kMissing) if the table has no such column or its type differs.
  StringColumn text(const std::string& column) const;
  std::span<const std::int32_t> integers(const std::string& column) const;

  /// The texts of rows [begin, end) as the TSV has them. Those of numbers are made in `storage`.
  void texts(std::size_t column, std::size_t begin, std::size_t end, std::vector<std::string_view>& out,
             std::deque<std::string>& storage) const;

  /// Writes the TSV that the table was made from, byte for byte (docs/formats.md says where not).
  void write_tsv(OutputFile& out) const;

 private:
  SafetensorsFile file_;
  std::string name_;
  std::int64_t rows_ = 0;
  std::vector<ColumnSpec> columns_;
  bool crlf_ = false, last_line_ends_ = true, byte_order_mark_ = false;
};

}  // namespace matinee
