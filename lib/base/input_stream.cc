#include "lib/base/input_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// Whether a file has nothing beyond the offset of its descriptor. Files of /sys claim to be longer than they are.
bool ends_at_offset(int descriptor) {
  struct stat info {};
  return ::fstat(descriptor, &info) == 0 && info.st_size <= ::lseek(descriptor, 0, SEEK_CUR);
}

// Programs that unpack a table may put it into a folder of its name.
Error folder_error(const std::string& folder) {
  Error error = resource_error("{}: cannot read: {}", folder, std::strerror(EISDIR));
  std::error_code ignored;
  std::string file;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (!file.empty() || !entry.is_regular_file(ignored)) return error;
    file = entry.path().string();
  }
  if (!file.empty()) error.add_remedy(fmt::format("name the file in it: {}", file));
  return error;
}

}  // namespace

std::size_t read_some(int descriptor, std::span<std::byte> buffer, const std::string& name) {
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw resource_error("{}: cannot read: {}", name, std::strerror(errno));
  }
}

InputStream::InputStream(const std::string& path) : name_(path) {
  const bool is_stdin = path.empty() || path == "-";
  if (is_stdin) name_ = "<stdin>";
  descriptor_ = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    const ErrorCode code = errno == ENOENT ? ErrorCode::kMissing : ErrorCode::kResource;
    throw Error(code, fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  }
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return;
  if (S_ISDIR(info.st_mode)) {
    if (!is_stdin) ::close(descriptor_);
    throw folder_error(name_);
  }
  if (!S_ISREG(info.st_mode)) return;
  const off_t begin = ::lseek(descriptor_, 0, SEEK_CUR);
  if (begin >= 0 && begin < info.st_size) size_ = static_cast<std::uint64_t>(info.st_size - begin);
  ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

InputStream::~InputStream() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

std::size_t InputStream::read_some(std::span<std::byte> buffer) {
  const std::size_t got = matinee::read_some(descriptor_, buffer, name_);
  position_ += got;
  if (got == 0 && !buffer.empty() && position_ < size_ && ends_at_offset(descriptor_)) {
    throw resource_error("{}: ends after {} of its {} bytes: it became shorter while it was read", name_, position_,
                         size_);
  }
  return got;
}

std::size_t InputStream::read(std::span<std::byte> buffer) {
  std::size_t total = 0;
  while (total < buffer.size()) {
    const std::size_t got = read_some(buffer.subspan(total));
    if (got == 0) break;
    total += got;
  }
  return total;
}

}  // namespace matinee
