#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/parallel.h"

namespace matinee {

struct TsvReadOptions {
  bool keep_going = false;                        ///< skip bad rows and count them instead of stopping
  std::size_t line_limit = std::size_t{1} << 20;  ///< bytes
};

struct TsvReadReport {
  std::int64_t rows = 0, skipped = 0;
  std::int64_t blank_lines = 0;  ///< passed over
  std::int64_t other_ends = 0;   ///< rows that end in CRLF where the header ends in LF, or the other way round
  std::uint64_t bytes = 0;
  std::string first_skipped;  ///< error message of the first skipped row
};

/// Reads an IMDb TSV (plain or gzip, "-" is stdin) and writes it as a file of kind "table" (docs/formats.md), in blocks
/// that are parsed in parallel; columns are kept in temporary files, so memory stays bounded. A bad row throws
/// Error(kBadData) "FILE:LINE:COLUMN: NAME: expected ..., found ...". `advance` is called with
/// numbers of bytes read.
TsvReadReport tsv_to_table(const std::string& input, const std::string& output, const TsvReadOptions& options,
                           ThreadPool& pool, const std::function<void(std::uint64_t)>& advance);

}  // namespace matinee
