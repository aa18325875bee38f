#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace matinee::testing {

/// A file in memory that is opened by its path while this object lives.
class MemoryFile {
 public:
  explicit MemoryFile(const void* data = nullptr, std::size_t size = 0) : descriptor_(::memfd_create("fuzz", 0)) {
    for (const char* begin = static_cast<const char*>(data); size > 0;) {
      const ssize_t done = ::write(descriptor_, begin, size);
      if (done <= 0) __builtin_trap();
      begin += done;
      size -= static_cast<std::size_t>(done);
    }
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace matinee::testing
