#include "lib/base/output_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {

OutputFolder::OutputFolder(const std::string& path) : final_(path) {
  while (final_.size() > 1 && final_.back() == '/') final_.pop_back();
  if (std::filesystem::exists(final_)) throw usage_error("{}: it exists already; name another or remove it", final_);
  make_folders(folder_of(final_));
  const std::string temporary = final_ + ".matinee-unfinished";
  if (::mkdir(temporary.c_str(), 0777) != 0 && errno != EEXIST)
    throw resource_error("{}: no folder can be made beside it: {}", final_, std::strerror(errno));
  lock_ = ::open(temporary.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // A file system without locks has just one writer, we assume.
  if (lock_ < 0 || (::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) {
    if (lock_ >= 0) ::close(lock_);
    throw resource_error("{}: another process is writing it", final_);
  }
  temporary_ = UnfinishedFile::at(temporary);
  std::error_code ignored;
  for (const auto& left : std::filesystem::directory_iterator(temporary, ignored))
    std::filesystem::remove_all(left.path(), ignored);
}

OutputFolder::~OutputFolder() {
  temporary_ = {};  // removed before the lock ends
  ::close(lock_);
}

void OutputFolder::rename_to_final(const std::string& from) {
  if (std::rename(from.c_str(), final_.c_str()) != 0) throw resource_error("{}: {}", final_, std::strerror(errno));
  sync_folder(folder_of(final_));
}

void OutputFolder::commit() {
  sync_folder(path());
  rename_to_final(path());
  temporary_.keep();
}

void OutputFolder::commit_file(const std::string& name) { rename_to_final(path() + "/" + name); }

}  // namespace matinee
