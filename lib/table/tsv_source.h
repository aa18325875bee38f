#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/machine_limits.h"
#include "lib/table/imdb_schema.h"

namespace matinee {

/// Text of a TSV is cut into blocks at the first line end at or behind each multiple of this, counted in bytes from the
/// start of the text. So the blocks do not depend on how the text is read.
inline constexpr std::size_t kTextOfBlock = std::size_t{1} << 20;

/// A text with kFieldPadding readable bytes before and behind it. Keeps its memory when it becomes shorter.
class PaddedText {
 public:
  char* data();
  std::size_t size() const { return size_; }
  std::string_view view() const;
  /// Keeps the first bytes; new bytes are unspecified.
  void resize(std::size_t size);

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
};

/// Whole lines of a TSV.
struct RawBlock {
  std::uint64_t index = 0;
  PaddedText text;
  std::uint64_t bytes = 0;  ///< of the text
  std::uint64_t place = 0;  ///< how many bytes of the input are read, for progress; compressed where it is
  std::size_t cut_off = 0;  ///< bytes of the last line that were dropped, because the line is beyond the limit
  bool endless = false;     ///< the last line is beyond the limit, and reading ended within it
  bool last_ends = true;    ///< the last line has a line end
};

/// The first line of a TSV.
struct TsvHeader {
  const TableSchema* table = nullptr;
  std::vector<ColumnSpec> columns;
  std::string line;  ///< as written, without byte-order mark and line end
  bool byte_order_mark = false;
  std::string line_end;  ///< LF, CRLF, or nothing
};

/// A broken stream: the text ends within a row.
struct BrokenStream {
  std::string message;
  std::size_t tabs = 0;  ///< before the place, within its row
};

/// An IMDb TSV: a file, a pipe or gzip.
class TsvSource {
 public:
  /// Opens it and reads the header. `line_limit` is in bytes. With `skip_long_lines` a line beyond the limit is read to
  /// its end and cut off, else reading may end there. Throws like ByteSource, and Error(kBadData) "NAME:1: ..." where
  /// the first line is no header of a table.
  TsvSource(const std::string& path, std::size_t line_limit, bool skip_long_lines);
  TsvSource(TsvSource&&) noexcept;
  ~TsvSource();

  /// The path, or "<stdin>"; for messages.
  const std::string& name() const;
  const TsvHeader& header() const;
  /// Bytes of the input, compressed where it is; 0 where they are not known.
  std::uint64_t size() const;
  /// See ByteSource.
  void check_rest();
  SpeedLimit speed_limit() const;

  /// Gives the blocks in order; false at the end. One thread at a time. The text of a block is there after `load`,
  /// which any thread may call. Both throw Error(kResource) where reading fails or the file became shorter.
  bool next(RawBlock& block);
  void load(RawBlock& block) const;
  /// After `next` was false: why the text ended early.
  const std::optional<BrokenStream>& broken() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
