#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace matinee {

/// A file or stdin ("-" or "") that is read as it comes, with its place, so that progress can be shown and a loss
/// found.
class InputStream {
 public:
  /// Throws Error(kMissing) if there is no such file, else Error(kResource).
  explicit InputStream(const std::string& path);
  ~InputStream();
  InputStream(const InputStream&) = delete;
  InputStream& operator=(const InputStream&) = delete;

  /// Reads what there is, at least one byte, into `buffer`. Returns the number of bytes; 0 at the end. Throws
  /// Error(kResource) with the name, also where a file is shorter than it was when it was opened.
  std::size_t read_some(std::span<std::byte> buffer);
  /// Reads buffer.size() bytes, or fewer only at the end. Throws likewise.
  std::size_t read(std::span<std::byte> buffer);
  /// The path, or "<stdin>"; for messages.
  const std::string& name() const { return name_; }
  /// The bytes that a regular file had when it was opened; 0 where this is unknown (a pipe, a terminal).
  std::uint64_t size() const { return size_; }
  /// The bytes read so far.
  std::uint64_t position() const { return position_; }

 private:
  int descriptor_ = -1;
  std::string name_;
  std::uint64_t size_ = 0, position_ = 0;
};

/// One read system call, repeated where a signal interrupts it. Throws Error(kResource) with `name`.
std::size_t read_some(int descriptor, std::span<std::byte> buffer, const std::string& name);

}  // namespace matinee
