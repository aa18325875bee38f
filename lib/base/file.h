// Files: memory-mapped, written atomically, and read as streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace matinee {

/// A whole file, memory-mapped read-only; pages are loaded on first access. Owns the mapping: spans of it are valid
/// until this object is destroyed or assigned to. The constructor throws an Error with the path: kMissing if there is
/// no such file, kBadData if it is not a regular file (a pipe, a device), else kResource.
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
  /// Lets the kernel drop the whole pages in [offset, offset + size) bytes, to bound the memory while weights are
  /// streamed. The range stays valid: pages are loaded again on access.
  void release(std::size_t offset, std::size_t size) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::string path_;
};

/// A buffered output: stdout, or a file that appears complete or not at all. The file has no name before `commit`
/// (O_TMPFILE, then fsync, linkat and fsync of the folder), so nothing is left behind even if the process is killed.
/// If the file system lacks O_TMPFILE, the data goes to a temporary file "NAME.XXXXXX.tmp", which is left behind only
/// by a kill. Devices, pipes and files without a name (TemporaryFile) are written in place. Without `commit`, the data
/// in the buffer is discarded.
class OutputFile {
 public:
  /// "-" or "" is stdout. Throws Error(kMissing) if the folder does not exist, else Error(kResource).
  explicit OutputFile(const std::string& path);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  ~OutputFile();

  /// Throws Error(kResource) with the path ("No space left on device"). A closed pipe on stdout throws ClosedPipe,
  /// which run_tool turns into status 0.
  void write(std::string_view text);
  void write(std::span<const std::byte> bytes);
  /// Whether `write_at` works: the output is a regular file, not a pipe or a device.
  bool can_write_at() const;
  /// Writes bytes at an offset from where this output began, past the buffer: any threads may write different parts at
  /// the same time. An output is written by `write` or by `write_at`, not by both. Throws like `write`.
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Writes out the buffer. Throws like `write`.
  void flush();
  /// Flushes, syncs the file and gives it its name, replacing an existing file; stdout is only flushed. Nothing may be
  /// written afterward to a file. Throws like `write`.
  void commit();
  /// Bytes passed to `write` and `write_at`, including those in the buffer.
  std::uint64_t bytes_written() const;
  /// The path, or "<stdout>"; for messages.
  const std::string& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Thrown when the reader of a pipe on stdout has closed it. Not an Error, since a filter then ends without a message.
struct ClosedPipe {};

/// A stream of bytes from a file, or from stdin ("-" or ""). The constructor throws Error(kMissing) if there is no such
/// file, else Error(kResource).
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  /// Reads buffer.size() bytes, or fewer only at the end of the stream. Returns the number of bytes; 0 at the end.
  /// Throws Error(kResource) with the name.
  std::size_t read(std::span<std::byte> buffer);
  /// The path, or "<stdin>"; for messages.
  const std::string& name() const { return name_; }

 private:
  int descriptor_ = -1;
  std::string name_;
};

/// The bytes of a whole file or of stdin, as InputFile reads them (no decompression: see read_text). Throws likewise.
std::string read_file(const std::string& path);
/// Writes a whole file atomically. Throws like OutputFile.
void write_file(const std::string& path, std::string_view contents);
/// Whether `path` names a file, a folder or anything else.
bool file_exists(const std::string& path);
/// The parent folder of `path`: "a" for "a/b", "." for "b", "/" for "/b".
std::string folder_of(const std::string& path);
/// Creates the folder `path` and its parents if they do not exist. Throws Error(kResource) with the path.
void make_folders(const std::string& path);
/// Syncs a folder, so that renames in it survive a power failure. Throws Error(kMissing) or Error(kResource).
void sync_folder(const std::string& path);

/// Fault injection for tests: the n-th write system call of any OutputFile from now on (counted from 1) fails with
/// ENOSPC; 0 switches it off. The environment variable MATINEE_FAIL_WRITE sets the initial n.
void fail_nth_write(std::uint64_t n);

}  // namespace matinee
