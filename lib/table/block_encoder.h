#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "lib/table/byte_sections.h"
#include "lib/table/fields.h"
#include "lib/table/text_dictionary.h"

namespace matinee {

/// Encodes rows of a table as a block of version 2 (docs/formats.md). Holds the memory that blocks need, to use it
/// again.
class BlockEncoder {
 public:
  /// `columns` must outlive this.
  explicit BlockEncoder(const std::vector<ColumnSpec>& columns) : columns_(columns) {}

  /// Sets `out` to the block. kFieldPadding bytes around the text must be readable. False if a column of numbers has a
  /// text that is none; `out` is then unspecified. `odd_ends` are the line ends that are not the table's: entry i > 0
  /// follows row i - 1, entry 0 precedes the first row.
  bool encode(const Fields& fields, const RowTexts& odd_ends, ByteSections& out);

 private:
  bool encode_number(std::size_t column);
  void encode_text(std::size_t column);
  bool encode_ids(std::size_t column);
  bool encode_id_lists(std::size_t column);
  bool append_differences();
  bool encode_dictionary(std::size_t column);
  std::size_t find_lengths(std::size_t column);
  void encode_lengths(std::size_t column);
  void append_codes(const std::vector<std::uint32_t>& codes, unsigned least_width);
  void finish(std::size_t column, Encoding encoding);
  bool too_many_exceptions() const { return exceptions_.size() > 16 && exceptions_.size() > fields_.rows / 8; }

  const std::vector<ColumnSpec>& columns_;
  Fields fields_;
  ByteSections* out_ = nullptr;
  ColumnHeader header_{};
  bool last_is_text_ = false;  // the column before is stored as kText
  std::vector<std::uint32_t> codes_, lengths_;
  std::vector<std::uint8_t> counts_;
  RowTexts exceptions_;
  TextDictionary dictionary_;
};

}  // namespace matinee
