#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "lib/base/parallel.h"
#include "lib/table/tsv_block.h"
#include "lib/table/tsv_source.h"

namespace matinee {

struct TsvReadOptions {
  bool keep_going = false;                        ///< skip bad rows and count them instead of stopping
  std::size_t line_limit = std::size_t{1} << 20;  ///< bytes
  /// With keep_going: the number of bad rows, or their share of all rows, beyond which reading fails.
  std::optional<std::uint64_t> most_skipped = {};
  double most_skipped_share = 0.01;
};

struct TsvReadReport {
  std::int64_t rows = 0, skipped = 0;
  std::int64_t blank_lines = 0;  ///< lines that are no rows
  std::int64_t other_ends = 0;   ///< rows that end in CRLF where the header ends in LF, or the other way round
  bool last_row_ends = true;     ///< false: nothing follows the last row, not even a line end
  std::uint64_t bytes = 0;
  std::string first_skipped;  ///< error message of the first skipped row
  SpeedLimit limit;           ///< of gzip input
};

/// Called with the bytes of the input that are read, compressed where it is, and with all of them (0: unknown).
using ReadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// A block of a TSV on its way: read, parsed, used.
struct TsvItem {
  RawBlock raw;
  ParsedBlock parsed;
  std::optional<TsvBlockParser> parser;
  std::size_t index = 0;     ///< counts the blocks
  std::uint64_t offset = 0;  ///< for the user of the pass
};

/// What is done with each block; a step may be empty.
struct TsvSteps {
  std::function<void(TsvItem&)> work;      ///< on any thread
  std::function<void(TsvItem&)> in_order;  ///< on one thread at a time, in order
  std::function<void(TsvItem&)> after;     ///< on any thread
  ReadProgress progress;
};

/// Reads the blocks of a TSV on the threads of a pool. A bad row throws Error(kBadData) "FILE:LINE:COLUMN: NAME:
/// expected
/// ..., found ...", the first of the file whatever the number of threads; so do too many skipped rows.
TsvReadReport read_tsv(TsvSource& source, const TsvReadOptions& options, ThreadPool& pool, const TsvSteps& steps);

/// Reads an IMDb TSV (plain or gzip, "-" is stdin) and writes it as a table of version 2 (docs/formats.md), block by
/// block into its place. Where the output is a pipe, it goes through a temporary file. Throws like read_tsv.
TsvReadReport tsv_to_table(const std::string& input, const std::string& output, const TsvReadOptions& options,
                           ThreadPool& pool, const ReadProgress& progress = {});

}  // namespace matinee
