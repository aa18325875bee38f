#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/machine_limits.h"

namespace matinee {

/// The bytes of a file or of stdin ("-"), decompressed if they begin with the gzip magic (with ISA-L; a file may have
/// several members, and zeros or a newline behind them; anything else there is ignored with a note to the user). Throws
/// like InputStream, and
///   Error(kBadData) where the gzip stream is cut off, or the file is of a kind that is not text (file_kind.h);
///   Error(kResource) where the gzip stream is not valid or a member's checksum or size does not match: what was read
///   from it before is not to be trusted, so that no reader may go on with it.
class ByteSource {
 public:
  explicit ByteSource(const std::string& path);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Fills `buffer` and returns the number of bytes. It is less than buffer.size() only at the end of the input or
  /// before a failure, which the next call throws; 0 only at the end.
  std::size_t read(std::span<std::byte> buffer);
  /// The same, but returns what there is, at least one byte, so that lines are answered while more are written.
  std::size_t read_some(std::span<std::byte> buffer);
  /// Reads the rest of a gzip file and throws Error(kResource) where it is damaged. Called before a bad row is
  /// reported, which may be a result of the damage. Other inputs and pipes are left as they are.
  void check_rest();
  /// The path, or "<stdin>"; for messages.
  const std::string& name() const;
  /// Whether the input is gzip.
  bool compressed() const;
  /// The bytes of the file, compressed where it is; 0 where this is unknown. For the display of progress.
  std::uint64_t size() const;
  /// How many of them are used.
  std::uint64_t position() const;
  /// How fast the text came out of gzip, by the time of this thread's processor, for --stats; unknown for plain files.
  SpeedLimit speed_limit() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The lines of a ByteSource, which end with LF or CRLF and are numbered from 1. The last line may lack its end. A line
/// of more than `limit` bytes throws Error(kBadData) with "NAME:LINE".
class LineReader {
 public:
  explicit LineReader(const std::string& path, std::size_t limit = std::size_t{64} << 20);
  /// The same of a source from which `begin` has been read.
  LineReader(ByteSource source, std::string begin, std::size_t limit);

  /// Sets `line` to the next line without its line end, or returns false at the end. `line` is valid until the next
  /// call and is followed by at least 64 readable bytes, which simdjson requires.
  bool next(std::string_view& line);
  /// The number of the current line; 0 before the first.
  std::uint64_t line_number() const { return number_; }
  /// Whether next() returns without waiting for input.
  bool line_is_there() const;
  const std::string& name() const { return source_.name(); }
  const ByteSource& source() const { return source_; }
  /// "NAME:LINE", for errors about the current line.
  std::string place() const;

 private:
  bool fill();

  ByteSource source_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t limit_;
  std::uint64_t number_ = 0;
  bool ended_ = false;
};

/// The whole of a ByteSource. Throws like it.
std::string read_text(const std::string& path);

}  // namespace matinee
