#include "lib/base/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {

namespace {

// "" where it is not set.
std::string temporary_folder_set() {
  const char* folder = std::getenv("TMPDIR");
  return folder != nullptr ? folder : "";
}

}  // namespace

std::string temporary_folder() {
  const std::string folder = temporary_folder_set();
  return folder.empty() ? "/tmp" : folder;
}

std::string temporary_folder_for(const std::string& output) {
  const bool beside = temporary_folder_set().empty() && !output.empty() && output != "-";
  return beside ? folder_of(output) : temporary_folder();
}

TemporaryFile::TemporaryFile() : TemporaryFile(temporary_folder()) {}

TemporaryFile::TemporaryFile(const std::string& folder)
    : folder_(folder), descriptor_(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  if (descriptor_ >= 0) return;
  // Some file systems have no files without a name.
  std::string name = folder + "/matinee-XXXXXX";
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) throw failure("make");
  ::unlink(name.c_str());
}

TemporaryFile::~TemporaryFile() { ::close(descriptor_); }

Error TemporaryFile::failure(const char* action) const {
  Error error = resource_error("{}: cannot {} a temporary file: {}", folder_, action, std::strerror(errno));
  return error.add_remedy("set TMPDIR to a folder with room");
}

void TemporaryFile::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw failure("write");
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
}

void TemporaryFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw failure("read");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

std::string TemporaryFile::path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

namespace {

constexpr std::size_t kInMemory = std::size_t{1} << 20;

}  // namespace

void Spool::append(std::span<const std::byte> bytes) {
  memory_.insert(memory_.end(), bytes.begin(), bytes.end());
  size_ += bytes.size();
  if (memory_.size() <= kInMemory) return;
  if (!file_) file_ = std::make_unique<TemporaryFile>();
  file_->append(memory_);
  memory_.clear();
}

void Spool::replay(const std::function<void(std::span<const std::byte>)>& use) {
  const std::uint64_t in_file = size_ - memory_.size();
  std::vector<std::byte> block(std::min<std::uint64_t>(in_file, kInMemory));
  for (std::uint64_t offset = 0; offset < in_file; offset += block.size()) {
    block.resize(std::min<std::uint64_t>(in_file - offset, kInMemory));
    file_->read(offset, block);
    use(block);
  }
  use(memory_);
}

}  // namespace matinee
