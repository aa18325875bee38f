#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/parallel.h"
#include "lib/table/imdb_schema.h"
#include "lib/table/table_block.h"
#include "lib/table/table_file.h"
#include "lib/table/tsv_reader.h"

namespace matinee {

/// One pass over a table, whatever form it has: a file of kind "table" of any version, or an IMDb TSV, plain or gzip
/// ("-" is stdin). The form is recognized by content.
class TableReader {
 public:
  /// Reads the header only. Throws like SafetensorsFile and TsvSource. The options are those of a TSV.
  explicit TableReader(const std::string& path, const TsvReadOptions& options = {});
  TableReader(TableReader&&) noexcept;
  ~TableReader();

  const std::string& name() const;  ///< "title.basics"
  const std::vector<ColumnSpec>& columns() const;
  /// The index of a column. Throws Error(kMissing) if the table has none of this name.
  std::size_t column(std::string_view name) const;

  using Use = std::function<void(std::size_t index, const TableBlock& block)>;
  /// Calls `use` for each block once, from threads of the pool and in any order; a block may have no rows. `index`
  /// counts the blocks from 0, so (index, row within the block) is the order of the table. A bad row of a TSV throws
  /// like read_tsv, when other blocks have been used already. A TSV is read once: a second call throws
  /// Error(kInternal).
  void for_each_block(ThreadPool& pool, const Use& use);
  /// Of a TSV, after the pass.
  const TsvReadReport& report() const;

  struct Form;

 private:
  std::unique_ptr<Form> form_;
};

/// Writes the TSV that a table of any version was made from. Throws like SafetensorsFile.
void write_table_tsv(const std::string& path, OutputFile& out, ThreadPool& pool, const RowProgress& progress = {});

}  // namespace matinee
