#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/table/encoded_block.h"
#include "lib/table/imdb_schema.h"

namespace matinee {

/// The newest version of files of kind "table".
inline constexpr int kTableVersion = 2;

/// Called with the rows that are written, and with all of them.
using RowProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// What the metadata of a table of any version says.
struct TableDescription {
  explicit TableDescription(const SafetensorsFile& file);

  std::string name;  ///< "title.basics"
  std::vector<ColumnSpec> columns;
  std::int64_t rows = 0;
  std::string first_line;  ///< of the TSV, with its byte-order mark, without its end
  std::string line_end;    ///< LF, CRLF, or nothing (there is no row)
};

/// A table of version 2, mapped. The index of the blocks is checked when it is opened, a block when it is read.
class TableFile {
 public:
  /// `file` must outlive this. Throws Error(kBadData) where index and blocks do not fit together.
  explicit TableFile(const SafetensorsFile& file);

  const TableDescription& description() const { return description_; }
  std::size_t blocks() const { return rows_.size(); }
  /// Calls `use` with a block, and lets the kernel drop its pages then.
  void with_block(std::size_t index, const std::function<void(const EncodedBlock&)>& use) const;
  /// Writes the TSV that the table was made from, byte for byte.
  void write_tsv(OutputFile& out, ThreadPool& pool, const RowProgress& progress = {}) const;

 private:
  const SafetensorsFile& file_;
  TableDescription description_;
  std::span<const std::byte> bytes_;
  std::span<const std::int64_t> offsets_, rows_;
};

}  // namespace matinee
