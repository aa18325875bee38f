#pragma once

#include <string>

#include "lib/base/unfinished_file.h"

namespace matinee {

/// A folder, or a file with companions while it is made, that appears whole or not at all: it is written into
/// "NAME.matinee-unfinished" beside it until `commit`, which makes it durable and renames it. Without a commit that
/// folder is removed with its contents, by signals as well (UnfinishedFile); what a killed process left of it is
/// removed by the next that writes NAME.
class OutputFolder {
 public:
  /// Throws Error(kUsage) where `path` exists, Error(kResource) where no folder can be made beside it or another
  /// process is writing the same one.
  explicit OutputFolder(const std::string& path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write.
  const std::string& path() const { return temporary_.path(); }
  void commit();
  /// The same for one file: only the file `name` of the folder appears, as `path` itself.
  void commit_file(const std::string& name);

 private:
  void rename_to_final(const std::string& from);

  std::string final_;
  UnfinishedFile temporary_;
  int lock_ = -1;  // flock of the temporary folder
};

}  // namespace matinee
