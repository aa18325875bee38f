#include "lib/table/table_path.h"

#include <filesystem>
#include <vector>

#include "lib/base/format_error.h"

namespace matinee {

std::string table_path(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return path;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path().string());
  if (files.size() != 1)
    throw bad_data("{}: expected a table or a folder with one in it, found a folder with {} files", path, files.size());
  return files.front();
}

}  // namespace matinee
