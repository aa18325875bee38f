#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace matinee {

/// Bytes of a file or of stdin ("-"), gunzipped on the way where they begin with the gzip magic (several members in one
/// file too; ISA-L). Throws Error(kBadData) on a broken or cut gzip stream, saying at which byte of the compressed
/// input.
class ByteSource {
 public:
  explicit ByteSource(const std::string& path);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Fills `buffer` as far as it can; fewer bytes at the end or before a broken place, where the next call throws. 0
  /// only at the end.
  std::size_t read(std::span<std::byte> buffer);
  /// The path, or "<stdin>".
  const std::string& name() const;
  bool compressed() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Lines of a text stream, LF or CRLF, numbered from 1. A last line without an end is a line too. A line over `limit`
/// bytes throws Error(kBadData) with "NAME:LINE".
class LineReader {
 public:
  explicit LineReader(const std::string& path, std::size_t limit = std::size_t{64} << 20);

  /// False at the end. `line` is valid until the next call. No line end in it; the buffer has 64 readable bytes after
  /// it (simdjson wants them).
  bool next(std::string_view& line);
  std::uint64_t line_number() const { return number_; }
  const std::string& name() const { return source_.name(); }
  /// "NAME:LINE", the context of an error about the current line.
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

/// Reads a whole text: a file, stdin, plain or gzip.
std::string read_text(const std::string& path);

}  // namespace matinee
