#include "lib/base/unfinished_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <utility>

namespace matinee {
namespace {

constexpr int kSlots = 64;              // more files than any tool writes at a time
constexpr std::time_t kAbandoned = 60;  // seconds without a write
constexpr std::string_view kEnding = ".tmp";
constexpr std::size_t kRandomDigits = 6;
constexpr int kFolderDepth = 8;  // of folders in an unfinished one

// The signal handler removes these. Whoever takes a pointer out of the list owns it.
std::array<std::atomic<char*>, kSlots> unfinished{};

// Removes a file, or a folder with its contents. A signal handler may not allocate memory, so it cannot use readdir.
void remove_entry(int folder, const char* name, int depth) {
  if (::unlinkat(folder, name, 0) == 0 || (errno != EISDIR && errno != EPERM) || depth == 0) return;
  const int descriptor = ::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return;
  alignas(dirent64) std::array<char, 2048> entries;
  for (long size = 0; (size = ::syscall(SYS_getdents64, descriptor, entries.data(), entries.size())) > 0;) {
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
      at += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
        remove_entry(descriptor, entry->d_name, depth - 1);
    }
  }
  ::close(descriptor);
  ::unlinkat(folder, name, AT_REMOVEDIR);
}

extern "C" void on_deadly_signal(int number) {
  remove_unfinished_files();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void watch_deadly_signals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = on_deadly_signal;
    sigaction(number, &action, nullptr);
  }
}

int list_for_signals(const std::string& path) {
  static std::once_flag once;
  std::call_once(once, watch_deadly_signals);
  char* copy = ::strdup(path.c_str());
  for (int slot = 0; slot < kSlots; ++slot) {
    char* expected = nullptr;
    if (unfinished[static_cast<std::size_t>(slot)].compare_exchange_strong(expected, copy)) return slot;
  }
  std::free(copy);
  return -1;
}

// Removes files "PATH.XXXXXX.tmp" that are not locked and were not written to for a while: their writer was killed.
void remove_abandoned(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string prefix = fs::path(path).filename().string() + ".";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::absolute(path, ignored).parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() != prefix.size() + kRandomDigits + kEnding.size()) continue;
    if (!name.starts_with(prefix) || !name.ends_with(kEnding)) continue;
    const int descriptor = ::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) continue;
    struct stat info {};
    const bool old =
        ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && std::time(nullptr) - info.st_mtime >= kAbandoned;
    if (old && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) ::unlink(entry.path().c_str());
    ::close(descriptor);
  }
}

std::string new_name(const std::string& path) {
  static std::atomic<unsigned> count{0};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto mixed = static_cast<unsigned>(now.tv_nsec) * 2654435761u + static_cast<unsigned>(::getpid()) * 40503u +
                     count.fetch_add(1) * 7919u;
  return fmt::format("{}.{:06x}{}", path, mixed >> 8, kEnding);
}

}  // namespace

void remove_unfinished_files() {
  for (auto& slot : unfinished) {
    // The text is not freed: free() may not be called from a signal handler.
    if (const char* path = slot.exchange(nullptr)) remove_entry(AT_FDCWD, path, kFolderDepth);
  }
}

UnfinishedFile::UnfinishedFile(std::string path) : path_(std::move(path)), slot_(list_for_signals(path_)) {}

UnfinishedFile UnfinishedFile::name_for(const std::string& path) {
  remove_abandoned(path);
  std::string name = new_name(path);
  while (::access(name.c_str(), F_OK) == 0) name = new_name(path);
  return UnfinishedFile(std::move(name));
}

UnfinishedFile UnfinishedFile::create(const std::string& path) {
  for (;;) {
    // Listed before it exists, so that a signal finds it in the list.
    UnfinishedFile file = name_for(path);
    file.descriptor_ = ::open(file.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file.descriptor_ >= 0) {
      // Without locks, the age alone says whether a file is abandoned.
      ::flock(file.descriptor_, LOCK_EX | LOCK_NB);
      return file;
    }
    const int number = errno;
    file.keep();
    errno = number;
    if (number != EEXIST) return file;
  }
}

UnfinishedFile::UnfinishedFile(UnfinishedFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)),
      slot_(std::exchange(other.slot_, -1)) {}

UnfinishedFile& UnfinishedFile::operator=(UnfinishedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(slot_, other.slot_);
  return *this;
}

UnfinishedFile::~UnfinishedFile() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  keep();
}

void UnfinishedFile::keep() {
  if (slot_ >= 0) std::free(unfinished[static_cast<std::size_t>(slot_)].exchange(nullptr));
  slot_ = -1;
  path_.clear();
}

}  // namespace matinee
