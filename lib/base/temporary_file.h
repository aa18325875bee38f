#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/error.h"

namespace matinee {

/// TMPDIR, or /tmp where it is not set.
std::string temporary_folder();
/// Where temporary files go that are about as large as the file `output` will be ("-" or "": stdout): TMPDIR where it
/// is set, else the folder of `output`, which must have room anyway; for stdout temporary_folder().
std::string temporary_folder_for(const std::string& output);

/// A file without a name, open for reading and writing; the system removes it however the process ends.
class TemporaryFile {
 public:
  /// Throws Error(kResource) naming the folder where it cannot be created.
  TemporaryFile();
  explicit TemporaryFile(const std::string& folder);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void append(std::span<const std::byte> bytes);
  /// Fills `bytes` from `offset` on.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// A path that OutputFile and MappedFile open the file by, while this object lives.
  std::string path() const;

 private:
  Error failure(const char* action) const;

  std::string folder_;
  int descriptor_ = -1;
};

/// Bytes that are collected now and read back once, in order: in memory up to 1 MiB, beyond that in a TemporaryFile.
class Spool {
 public:
  /// Throws Error(kResource) where the temporary file cannot be written.
  void append(std::span<const std::byte> bytes);
  std::uint64_t size() const { return size_; }
  /// Calls `use` with consecutive pieces of all bytes.
  void replay(const std::function<void(std::span<const std::byte>)>& use);

 private:
  std::vector<std::byte> memory_;  // what is not in the file
  std::unique_ptr<TemporaryFile> file_;
  std::uint64_t size_ = 0;
};

}  // namespace matinee
