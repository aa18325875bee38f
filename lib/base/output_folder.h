#pragma once

#include <string>

namespace matinee {

/// A folder that appears whole or not at all: what is written lies in a temporary folder beside it until `commit`,
/// which makes it durable and renames it. Without it, the temporary is removed with all it holds.
class OutputFolder {
 public:
  /// Throws Error(kUsage) where `path` exists, Error(kResource) where no folder can be made beside it.
  explicit OutputFolder(const std::string& path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where to write.
  const std::string& path() const { return temporary_; }
  void commit();

 private:
  std::string final_, temporary_;
};

}  // namespace matinee
