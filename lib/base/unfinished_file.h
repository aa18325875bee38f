#pragma once

#include <string>
#include <utility>

namespace matinee {

/// A new file with a name beside its final one, "PATH.XXXXXX.tmp", that is removed unless it is kept: by the
/// destructor, or when SIGINT, SIGTERM or SIGHUP ends the process. (Where a handler of these signals is set already,
/// that handler decides.) What a killed process left is removed by the next that writes PATH, if it is a minute old.
class UnfinishedFile {
 public:
  UnfinishedFile() = default;
  /// Creates the file, open for writing. descriptor() is -1 where this fails, and errno says why.
  static UnfinishedFile create(const std::string& path);
  /// Only a name, under which nothing exists yet.
  static UnfinishedFile name_for(const std::string& path);
  /// A file or a folder with this very name, which may exist or not; a folder is removed with what it holds.
  static UnfinishedFile at(std::string path) { return UnfinishedFile(std::move(path)); }
  UnfinishedFile(UnfinishedFile&& other) noexcept;
  UnfinishedFile& operator=(UnfinishedFile&& other) noexcept;
  ~UnfinishedFile();

  /// Empty where there is no file.
  const std::string& path() const { return path_; }
  /// Open for writing, and locked (flock). Not closed by the destructor.
  int descriptor() const { return descriptor_; }
  /// The file has got its final name and stays.
  void keep();

 private:
  explicit UnfinishedFile(std::string path);

  std::string path_;
  int descriptor_ = -1;
  int slot_ = -1;  // in the list for the signal handler
};

/// Removes all unfinished files of this process. May be called from a signal handler.
void remove_unfinished_files();

}  // namespace matinee
