#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace matinee {

/// Bytes that are collected now and read back once, in order: in memory while they are few, beyond that in a temporary
/// file without a name (TMPDIR), which goes with the object.
class ColumnSpool {
 public:
  /// Throws Error(kResource) where the temporary file cannot be written.
  void append(std::span<const std::byte> bytes);
  std::uint64_t size() const { return size_; }
  /// Calls `use` with consecutive pieces of all bytes.
  void replay(const std::function<void(std::span<const std::byte>)>& use);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void spill();

  std::vector<std::byte> memory_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
};

}  // namespace matinee
