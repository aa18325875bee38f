#include "lib/base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/base/input_stream.h"
#include "lib/base/unfinished_file.h"
#include "lib/base/write_fault.h"

namespace matinee {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

Error system_failure(const std::string& path, const char* action, int number) {
  const ErrorCode code = number == ENOENT ? ErrorCode::kMissing : ErrorCode::kResource;
  return Error(code, fmt::format("{}: cannot {}: {}", path, action, std::strerror(number)));
}

std::uint64_t armed_by_environment() {
  const char* text = std::getenv("MATINEE_FAIL_WRITE");
  return text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
}

// The number of the write that is to fail, counted from the next one; 0 if none is to fail.
std::atomic<std::uint64_t>& writes_before_fault() {
  static std::atomic<std::uint64_t> left{armed_by_environment()};
  return left;
}

// For tests of what happens on file systems without O_TMPFILE.
bool unnamed_files_are_off() {
  const char* text = std::getenv("MATINEE_NO_UNNAMED_FILES");
  return text != nullptr && *text != '\0';
}

}  // namespace

bool write_fault_is_due() {
  auto& left = writes_before_fault();
  return left.load(std::memory_order_relaxed) != 0 && left.fetch_sub(1) == 1;
}

// ---- MappedFile -------------------------------------------------------------------------------------------------

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0 && path == "-" && errno == ENOENT)
    throw Error(ErrorCode::kBadData, "<stdin>: this file is mapped, which a pipe cannot be; write it to a file first");
  if (descriptor < 0) throw system_failure(path, "open", errno);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int number = S_ISDIR(info.st_mode) ? EISDIR : errno;
    ::close(descriptor);
    throw system_failure(path, "read", number);
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(descriptor);
    throw Error(ErrorCode::kBadData, path + ": cannot map: not a regular file; write it to a file first");
  }
  size_ = static_cast<std::size_t>(info.st_size);
  if (size_ > 0) {
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      const int number = errno;
      ::close(descriptor);
      throw system_failure(path, "map", number);
    }
    data_ = static_cast<const std::byte*>(address);
  }
  ::close(descriptor);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), path_(std::move(other.path_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::size_t offset, std::size_t size) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t begin = (offset + page - 1) / page * page;
  const std::size_t end = (offset + size) / page * page;
  if (data_ != nullptr && begin < end) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

// ---- OutputFile -------------------------------------------------------------------------------------------------

struct OutputFile::Impl {
  enum class Kind {
    kStdout,
    kInPlace,  // a device, a pipe or a file without a name
    kUnnamed,  // O_TMPFILE: gets its name at commit
    kNamed,    // a temporary file in the same folder, if the file system lacks O_TMPFILE
  };
  Kind kind = Kind::kStdout;
  int descriptor = -1;
  std::string path;          // for messages
  UnfinishedFile temporary;  // removed by its destructor
  std::vector<std::byte> buffer;
  std::atomic<std::uint64_t> written = 0;
  bool regular = false;  // pwrite works, from `begin` on
  std::uint64_t begin = 0;
  std::atomic<std::uint64_t> end_of_parts = 0;  // of write_at, from `begin` on

  explicit Impl(const std::string& name) : path(name) {
    buffer.reserve(kBufferBytes);
    open();
    find_begin();
  }

  void open() {
    if (path.empty() || path == "-") {
      path = "<stdout>";
      descriptor = STDOUT_FILENO;
      return;
    }
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
      if (S_ISDIR(info.st_mode)) throw system_failure(path, "write", EISDIR);
      if (!S_ISREG(info.st_mode) || info.st_nlink == 0) {
        kind = Kind::kInPlace;
        descriptor = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (descriptor < 0) throw system_failure(path, "open for writing", errno);
        if (info.st_nlink == 0) path = "a temporary file";
        return;
      }
    }
    kind = Kind::kUnnamed;
    if (!unnamed_files_are_off()) {
      descriptor = ::open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
      if (descriptor >= 0 && file_exists(link_to_descriptor())) return;
      if (descriptor >= 0) ::close(descriptor);
    }
    create_named();
  }

  ~Impl() {
    if (kind != Kind::kStdout && descriptor >= 0) ::close(descriptor);
  }

  std::string link_to_descriptor() const { return fmt::format("/proc/self/fd/{}", descriptor); }

  void create_named() {
    kind = Kind::kNamed;
    temporary = UnfinishedFile::create(path);
    descriptor = temporary.descriptor();
    if (descriptor < 0) throw system_failure(path, "create", errno);
  }

  // linkat does not replace a file. If `path` exists, the new file gets a temporary name, which `commit` renames.
  void link_unnamed() {
    const auto link = [&](const std::string& name) {
      return ::linkat(AT_FDCWD, link_to_descriptor().c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link(path)) return;
    if (errno == EEXIST) {
      temporary = UnfinishedFile::name_for(path);
      if (link(temporary.path())) return;
    }
    const int number = errno;
    temporary.keep();
    throw system_failure(path, "create", number);
  }

  // `put` is one system call that writes some of the bytes from a position of them on.
  template <class Put>
  void write_all(std::span<const std::byte> bytes, Put&& put) {
    if (!bytes.empty() && write_fault_is_due()) throw system_failure(path, "write", ENOSPC);
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t now = put(bytes.subspan(done), done);
      if (now < 0) {
        if (errno == EINTR) continue;
        if (errno == EPIPE && kind == Kind::kStdout) throw ClosedPipe{};
        throw system_failure(path, "write", errno);
      }
      done += static_cast<std::size_t>(now);
    }
  }

  void write_out(std::span<const std::byte> bytes) {
    write_all(bytes, [&](std::span<const std::byte> rest, std::size_t) {
      return ::write(descriptor, rest.data(), rest.size());
    });
  }

  void write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    std::uint64_t end = end_of_parts;
    while (end < offset + bytes.size() && !end_of_parts.compare_exchange_weak(end, offset + bytes.size())) {
    }
    write_all(bytes, [&](std::span<const std::byte> rest, std::size_t done) {
      return ::pwrite(descriptor, rest.data(), rest.size(), static_cast<off_t>(begin + offset + done));
    });
  }

  // Finds where a regular file begins to be written; a shell may have written to the file of stdout before.
  void find_begin() {
    struct stat info {};
    if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return;
    if ((::fcntl(descriptor, F_GETFL) & O_APPEND) != 0) return;
    const off_t at = ::lseek(descriptor, 0, SEEK_CUR);
    if (at < 0) return;
    begin = static_cast<std::uint64_t>(at);
    regular = true;
  }

  void commit() {
    if (kind == Kind::kStdout) {
      // What others write to the same file comes behind.
      if (end_of_parts > 0) ::lseek(descriptor, static_cast<off_t>(begin + end_of_parts), SEEK_SET);
      return;
    }
    const bool appears = kind != Kind::kInPlace;
    if (appears && ::fsync(descriptor) != 0) throw system_failure(path, "write", errno);
    if (kind == Kind::kUnnamed) link_unnamed();
    if (::close(std::exchange(descriptor, -1)) != 0) throw system_failure(path, "write", errno);
    if (!temporary.path().empty() && ::rename(temporary.path().c_str(), path.c_str()) != 0)
      throw system_failure(path, "create", errno);
    temporary.keep();
    if (appears) sync_folder(folder_of(path));
  }
};

OutputFile::OutputFile(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;
OutputFile::~OutputFile() = default;

void OutputFile::write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }

void OutputFile::write(std::span<const std::byte> bytes) {
  impl_->written += bytes.size();
  if (impl_->buffer.size() + bytes.size() > kBufferBytes) flush();
  if (bytes.size() >= kBufferBytes) {
    impl_->write_out(bytes);
  } else {
    impl_->buffer.insert(impl_->buffer.end(), bytes.begin(), bytes.end());
  }
}

bool OutputFile::can_write_at() const { return impl_->regular; }

void OutputFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  impl_->written += bytes.size();
  impl_->write_at(offset, bytes);
}

void OutputFile::flush() {
  // The buffer is emptied before the write, so that a later flush does not repeat a failed write.
  std::vector<std::byte> pending;
  pending.reserve(kBufferBytes);
  std::swap(pending, impl_->buffer);
  impl_->write_out(pending);
}

void OutputFile::commit() {
  flush();
  impl_->commit();
}

std::uint64_t OutputFile::bytes_written() const { return impl_->written; }

const std::string& OutputFile::path() const { return impl_->path; }

// ---- InputFile --------------------------------------------------------------------------------------------------

InputFile::InputFile(const std::string& path) : name_(path) {
  if (path.empty() || path == "-") {
    name_ = "<stdin>";
    descriptor_ = STDIN_FILENO;
    return;
  }
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw system_failure(path, "open", errno);
}

InputFile::InputFile(InputFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), name_(std::move(other.name_)) {}

InputFile& InputFile::operator=(InputFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(name_, other.name_);
  return *this;
}

InputFile::~InputFile() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

std::size_t InputFile::read(std::span<std::byte> buffer) {
  std::size_t total = 0;
  while (total < buffer.size()) {
    const std::size_t got = read_some(descriptor_, buffer.subspan(total), name_);
    if (got == 0) break;
    total += got;
  }
  return total;
}

// ---- Whole files and folders ------------------------------------------------------------------------------------

std::string read_file(const std::string& path) {
  InputFile file(path);
  std::string contents;
  for (std::size_t size = 0;;) {
    contents.resize(size + kBufferBytes);
    const std::size_t got = file.read(std::as_writable_bytes(std::span(contents.data() + size, kBufferBytes)));
    size += got;
    if (got < kBufferBytes) {
      contents.resize(size);
      return contents;
    }
  }
}

void write_file(const std::string& path, std::string_view contents) {
  OutputFile file(path);
  file.write(contents);
  file.commit();
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void make_folders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw system_failure(path, "create the folder", error.value());
}

void sync_folder(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw system_failure(path, "open", errno);
  const int result = ::fsync(descriptor);
  const int number = errno;
  ::close(descriptor);
  // Some file systems cannot sync a folder and return EINVAL; they offer nothing better.
  if (result != 0 && number != EINVAL) throw system_failure(path, "sync", number);
}

void fail_nth_write(std::uint64_t n) { writes_before_fault().store(n); }

}  // namespace matinee
