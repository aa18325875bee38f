#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/catalog/imdb_schema.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// What a missing value (\N) is in an integer or tenths column. In a text column it is the text \N itself. A number
/// that is not written as we would write it ("007", "8" for "8.0") is kept twice: its value in the column, its text in
/// the string column NAME.as_written, whose rows are in NAME.as_written.rows (I64, ascending).
inline constexpr std::int32_t kMissingValue = std::numeric_limits<std::int32_t>::min();

struct TsvReadOptions {
  bool keep_going = false;                        ///< skip bad rows and count them instead of stopping
  std::size_t line_limit = std::size_t{1} << 20;  ///< bytes
};

struct TsvReadReport {
  std::int64_t rows = 0, skipped = 0;
  std::uint64_t bytes = 0;
  std::string first_skipped;  ///< what was wrong with the first skipped row
};

/// Reads an IMDb TSV (plain or gzip, "-" is stdin) and writes it as a file of kind "table" (docs/formats.md), in blocks
/// that are parsed in parallel; columns wait in temporary files, so memory stays bounded. A bad row throws
/// Error(kBadData) "FILE:LINE:COLUMN: NAME: expected ..., found ...". `advance` is told of bytes read.
TsvReadReport tsv_to_table(const std::string& input, const std::string& output, const TsvReadOptions& options,
                           ThreadPool& pool, const std::function<void(std::uint64_t)>& advance);

/// A mapped table.
class ImdbTable {
 public:
  explicit ImdbTable(const std::string& path);

  const SafetensorsFile& file() const { return file_; }
  const std::string& name() const { return name_; }  ///< "title.basics"
  std::int64_t rows() const { return rows_; }
  const std::vector<ColumnSpec>& columns() const { return columns_; }
  /// Throws Error(kMissing) where the table lacks the column or its type is another.
  StringColumn text(const std::string& column) const;
  std::span<const std::int32_t> integers(const std::string& column) const;

  /// Writes the TSV it was made from, byte for byte.
  void write_tsv(OutputFile& out) const;

 private:
  SafetensorsFile file_;
  std::string name_;
  std::int64_t rows_ = 0;
  std::vector<ColumnSpec> columns_;
  bool crlf_ = false, last_line_ends_ = true;
};

}  // namespace matinee
