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
#include "lib/table/table_file.h"

namespace matinee {

/// A table of version 1, mapped: its columns are tensors (docs/formats.md). Immutable: any thread may read. A missing
/// value is kMissingValue in a column of numbers and the text \N in a column of texts. A number that is not in
/// canonical form ("007", "8" for "8.0") is kept twice: its value in the column, its text in the string column
/// NAME.as_written, whose rows are in NAME.as_written.rows (I64, ascending).
class ColumnTable {
 public:
  /// `file` must outlive this. Throws Error(kBadData) where the columns do not fit together.
  explicit ColumnTable(const SafetensorsFile& file);

  const TableDescription& description() const { return description_; }
  std::span<const std::int32_t> integers(std::size_t column) const;
  /// The texts of rows [begin, end) as the TSV has them. Those of numbers are made in `storage`.
  void texts(std::size_t column, std::size_t begin, std::size_t end, std::vector<std::string_view>& out,
             std::deque<std::string>& storage) const;

  /// Writes the TSV that the table was made from, but for blank lines and for line ends that are not those of the first
  /// line.
  void write_tsv(OutputFile& out) const;

 private:
  const SafetensorsFile& file_;
  TableDescription description_;
  // By column: the texts, or those that numbers were written with.
  std::vector<StringColumn> texts_;
  std::vector<std::span<const std::int64_t>> exception_rows_;
  bool last_line_ends_ = true;
};

}  // namespace matinee
