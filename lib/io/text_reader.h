#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace matinee {

/// Whether a text begins with UTF-16's byte-order mark.
inline bool begins_as_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF");
}

/// The bytes of a file or of stdin ("-"), decompressed if they begin with the gzip magic (with ISA-L; a file may have
/// several members). Throws like InputFile, and Error(kBadData) with the offset in the compressed input if the gzip
/// stream is corrupt or truncated.
class ByteSource {
 public:
  explicit ByteSource(const std::string& path);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Fills `buffer` and returns the number of bytes. It is less than buffer.size() only at the end of the input or
  /// before a corrupt part, where the next call throws; 0 only at the end.
  std::size_t read(std::span<std::byte> buffer);
  /// The path, or "<stdin>"; for messages.
  const std::string& name() const;
  /// Whether the input is gzip.
  bool compressed() const;

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
  const std::string& name() const { return source_.name(); }
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
