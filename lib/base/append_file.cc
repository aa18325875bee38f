#include "lib/base/append_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/write_fault.h"

namespace matinee {
namespace {

// An open regular file that this process has locked; closing it unlocks it.
class LockedFile {
 public:
  // `operation`: LOCK_SH or LOCK_EX.
  LockedFile(const std::string& path, int flags, int operation) : path_(path) {
    descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    if (descriptor_ < 0) {
      if (errno == ENOENT && (flags & O_CREAT) == 0) return;
      throw failure(operation == LOCK_SH ? "open" : "open for writing");
    }
    struct stat info {};
    if (::fstat(descriptor_, &info) != 0 || !S_ISREG(info.st_mode)) {
      ::close(descriptor_);
      throw Error(ErrorCode::kBadData, path_ + ": expected a regular file");
    }
    // A file system without locks (ENOLCK, EOPNOTSUPP) still appends each write as a whole.
    while (::flock(descriptor_, operation) != 0 && errno == EINTR) {
    }
  }
  ~LockedFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  bool exists() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  Error failure(const char* action) const {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kMissing : ErrorCode::kResource;
    return Error(code, path_ + ": cannot " + action + ": " + std::strerror(errno));
  }

 private:
  std::string path_;
  int descriptor_ = -1;
};

bool write_all(int descriptor, std::string_view text) {
  if (write_fault_is_due()) {
    errno = ENOSPC;
    return false;
  }
  while (!text.empty()) {
    const ssize_t done = ::write(descriptor, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

void append_lines(const std::string& path, std::string_view lines) {
  const LockedFile file(path, O_RDWR | O_APPEND | O_CREAT, LOCK_EX);
  const off_t size = ::lseek(file.descriptor(), 0, SEEK_END);
  char last = '\n';
  if (size < 0 || (size > 0 && ::pread(file.descriptor(), &last, 1, size - 1) != 1)) throw file.failure("read");
  const std::string text = (last == '\n' ? "" : "\n") + std::string(lines);
  if (write_all(file.descriptor(), text)) return;
  const Error error = file.failure("write");
  // Takes back the part that was written. If this fails, too, the reader of the file finds a damaged line.
  [[maybe_unused]] const int result = ::ftruncate(file.descriptor(), size);
  throw error;
}

std::string read_appended(const std::string& path) {
  const LockedFile file(path, O_RDONLY, LOCK_SH);
  std::string text;
  if (!file.exists()) return text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(file.descriptor(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file.failure("read");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

std::uint64_t appended_size(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

}  // namespace matinee
