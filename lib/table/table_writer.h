#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/temporary_file.h"
#include "lib/io/safetensors.h"
#include "lib/table/tsv_source.h"

namespace matinee {

/// Writes a table of version 2 (docs/formats.md): the blocks into their places as they come, then their index, and the
/// header, which has room at the front, at last. The output appears whole or not at all. Throws like OutputFile.
class TableWriter {
 public:
  /// A pipe or a device as output gets the table from a temporary file.
  TableWriter(const std::string& path, const TsvHeader& header);

  /// The place of the next block.
  std::uint64_t add(std::uint32_t rows, std::size_t bytes);
  /// Any thread, in any order.
  void write(std::uint64_t place, std::span<const std::byte> bytes);
  void commit();

 private:
  OutputFile& file() { return through_temporary_ ? *through_temporary_ : output_; }

  OutputFile output_;
  std::optional<TemporaryFile> temporary_;
  std::optional<OutputFile> through_temporary_;
  Metadata metadata_;
  std::size_t header_bytes_ = 0;
  std::vector<std::int64_t> offsets_{0}, rows_;
};

}  // namespace matinee
