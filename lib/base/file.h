#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace matinee {

/// A whole file mapped read-only. Pages come in when touched. Throws Error(kMissing / kResource) with the path.
class MappedFile {
 public:
  MappedFile() = default;
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::string& path() const { return path_; }
  /// Tells the kernel that a range was used and may be dropped (memory contract while streaming weights).
  void release(std::size_t offset, std::size_t size) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::string path_;
};

/// Where a result goes: stdout, or a file that appears whole or not at all. The file has no name before `commit`
/// (O_TMPFILE, then fsync, linkat, fsync of the folder), so nothing is left of it however the process ends. Where the
/// file system lacks O_TMPFILE, a temporary file "NAME.XXXXXX.tmp" stands in, which only a kill leaves behind. Devices,
/// pipes and files without a name (TemporaryFile) are written in place.
class OutputFile {
 public:
  /// "-" or "" is stdout.
  explicit OutputFile(const std::string& path);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  ~OutputFile();

  /// Buffered. Throws Error(kResource) naming the path ("No space left on device"). A closed pipe on stdout throws
  /// ClosedPipe, which run_tool turns into status 0.
  void write(std::string_view text);
  void write(std::span<const std::byte> bytes);
  void flush();
  /// Makes the file appear; for stdout flushes. Throws as `write`.
  void commit();
  std::uint64_t bytes_written() const;
  const std::string& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Thrown when the reader of our stdout has gone away. Not an Error: nobody needs to be told.
struct ClosedPipe {};

/// A stream of bytes from a file or from stdin ("-").
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  /// Reads up to buffer.size() bytes; fewer only at the end, 0 there. Throws Error(kResource).
  std::size_t read(std::span<std::byte> buffer);
  /// "<stdin>" for stdin, else the path; for messages.
  const std::string& name() const { return name_; }

 private:
  int descriptor_ = -1;
  std::string name_;
};

std::string read_file(const std::string& path);
/// Writes atomically as OutputFile does.
void write_file(const std::string& path, std::string_view contents);
bool file_exists(const std::string& path);
/// The folder that holds `path`: "a" for "a/b", "." for "b".
std::string folder_of(const std::string& path);
/// Creates `path` and its parents. Throws Error(kResource).
void make_folders(const std::string& path);
/// fsync of a folder, so that renames in it survive a power cut.
void sync_folder(const std::string& path);

/// Faults for tests: the n-th write (counted from 1, over the process) fails with ENOSPC; 0 switches it off.
/// Writes of OutputFile only. Also armed by the environment variable MATINEE_FAIL_WRITE.
void fail_nth_write(std::uint64_t n);

}  // namespace matinee
