#include "tests/support/temporary_folder.h"

#include <cstdlib>
#include <filesystem>

namespace matinee::testing {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = std::filesystem::temp_directory_path() / "matinee-test-XXXXXX";
  path_ = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string real_data(const std::string& relative) {
  const char* folder = std::getenv("REAL_DATA");
  const std::string path =
      std::string(folder == nullptr || *folder == '\0' ? "../shared/data" : folder) + "/" + relative;
  return std::filesystem::exists(path) ? path : "";
}

}  // namespace matinee::testing
