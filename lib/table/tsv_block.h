#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"
#include "lib/table/block_encoder.h"
#include "lib/table/byte_sections.h"
#include "lib/table/fields.h"
#include "lib/table/tsv_source.h"

namespace matinee {

/// What is wrong with a row.
struct RowFault {
  std::uint64_t line = 0;  ///< within its block, from 0
  std::size_t column = 0;  ///< from 1; 0: the whole row
  std::string message;
  std::string remedy;  ///< "": that of all bad rows

  /// The error "NAME:LINE:COLUMN: message"; `lines` counts the lines before the block.
  Error error(const std::string& name, std::uint64_t lines) const;
};

/// A block of rows as version 2 stores it, and what was found in its text.
struct ParsedBlock {
  ByteSections bytes;
  std::uint32_t rows = 0;
  bool empty = true;  ///< neither rows nor odd line ends
  std::uint64_t lines = 0, skipped = 0, blank_lines = 0, other_ends = 0;
  bool last_ends = true;          ///< the last row has a line end
  std::optional<RowFault> fault;  ///< of the first bad row
};

/// Parses and encodes blocks of lines, one after another. One thread.
class TsvBlockParser {
 public:
  /// The header must outlive this. `skip`: bad rows are left out and counted, else the first ends the block.
  TsvBlockParser(const TsvHeader& header, std::size_t line_limit, bool skip)
      : header_(header), line_limit_(line_limit), skip_(skip), encoder_(header.columns) {}

  /// Changes the text of `raw`.
  void parse(RawBlock& raw, ParsedBlock& out);

 private:
  struct Line;

  bool all_rows_are_whole(std::string_view text) const;
  void check_lines(RawBlock& raw, ParsedBlock& out);
  std::optional<RowFault> check(const Line& line);

  const TsvHeader& header_;
  std::size_t line_limit_;
  bool skip_;
  BlockEncoder encoder_;
  Separators separators_;
  RowTexts odd_ends_;
  std::vector<std::string_view> fields_;
};

}  // namespace matinee
