#include "lib/base/output_folder.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

OutputFolder::OutputFolder(const std::string& path) : final_(path) {
  while (final_.size() > 1 && final_.back() == '/') final_.pop_back();
  if (std::filesystem::exists(final_)) throw usage_error("{}: it exists already; name another or remove it", final_);
  make_folders(parent_of(final_));
  temporary_ = final_ + ".XXXXXX";
  if (mkdtemp(temporary_.data()) == nullptr) {
    throw resource_error("{}: no folder can be made beside it: {}", final_, std::strerror(errno));
  }
  // mkdtemp gives the owner alone access; a folder of ours is as any other.
  const mode_t mask = umask(0);
  umask(mask);
  chmod(temporary_.c_str(), 0777 & ~mask);
}

OutputFolder::~OutputFolder() {
  if (temporary_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(temporary_, ignored);
}

void OutputFolder::rename_to_final(const std::string& from) {
  if (std::rename(from.c_str(), final_.c_str()) != 0) throw resource_error("{}: {}", final_, std::strerror(errno));
  sync_folder(parent_of(final_));
}

void OutputFolder::commit() {
  sync_folder(temporary_);
  rename_to_final(temporary_);
  temporary_.clear();
}

void OutputFolder::commit_file(const std::string& name) { rename_to_final(temporary_ + "/" + name); }

}  // namespace matinee
