#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/table/block_format.h"
#include "lib/table/imdb_schema.h"
#include "lib/table/table_block.h"

namespace matinee {

/// A block of a table of version 2 (docs/formats.md), in memory. Nothing in the bytes is trusted: what points outside
/// of them, or does not fit together, throws Error(kBadData) "PLACE: column "NAME": ..." when the column is decoded.
class EncodedBlock : public TableBlock {
 public:
  /// The bytes, the columns and `place` (for messages) must outlive this. Throws if the header does not fit.
  EncodedBlock(std::span<const std::byte> bytes, const std::vector<ColumnSpec>& columns, const std::string& place);

  std::uint32_t rows() const override { return header_.rows; }
  void texts(std::size_t column, std::vector<std::string_view>& out) const override;
  void numbers(std::size_t column, std::vector<std::int32_t>& out) const override;
  void ids(std::size_t column, std::vector<std::uint32_t>& out) const override;
  void id_lists(std::size_t column, std::vector<std::uint32_t>& offsets,
                std::vector<std::uint32_t>& ids) const override;
  void categories(std::size_t column, std::vector<std::string_view>& names,
                  std::vector<std::uint32_t>& codes) const override;

  /// The line ends that are not the table's: entry i > 0 follows row i - 1, entry 0 precedes the first row.
  struct RowText {
    std::uint32_t row;
    std::string_view text;
  };
  std::vector<RowText> odd_ends() const;

 private:
  class Section;

  ColumnHeader column_header(std::size_t column) const;
  Section section(std::size_t column, std::uint64_t offset) const;
  std::vector<RowText> exceptions(std::size_t column, const ColumnHeader& header) const;
  void codes(std::size_t column, const ColumnHeader& header, std::vector<std::uint32_t>& out) const;
  void lengths_to_texts(std::size_t column, const ColumnHeader& header, std::vector<std::string_view>& out) const;
  void stored_lists(std::size_t column, const ColumnHeader& header, std::vector<std::uint32_t>& offsets,
                    std::vector<std::uint32_t>& ids) const;
  void lists_to_texts(std::size_t column, std::vector<std::string_view>& out) const;
  void words(std::size_t column, const ColumnHeader& header, std::vector<std::string_view>& names,
             std::vector<std::uint32_t>& codes) const;
  char* storage(std::size_t size) const;

  std::span<const std::byte> bytes_;
  const std::vector<ColumnSpec>& columns_;
  const std::string& place_;
  BlockHeader header_;
  mutable std::deque<std::vector<char>> storage_;  // texts that are made of numbers
};

}  // namespace matinee
