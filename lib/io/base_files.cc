#include "lib/io/base_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

bool begins_like_gguf(const std::string& file) {
  constexpr std::string_view kMagic = "GGUF";
  std::array<std::byte, kMagic.size()> begin{};
  InputFile input(file);
  const std::size_t n = input.read(begin);
  return std::string_view(reinterpret_cast<const char*>(begin.data()), n) == kMagic;
}

std::optional<std::string> gguf_in_folder(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".pth")) return std::nullopt;
    if (name.ends_with(".gguf")) found.push_back(name);
  }
  if (found.empty()) return std::nullopt;
  std::sort(found.begin(), found.end());
  if (found.size() > 1) {
    std::string names;
    for (const std::string& name : found) names += (names.empty() ? "" : ", ") + name;
    throw bad_data("{}: expected one .gguf file, found {}", folder, names)
        .add_remedy(fmt::format("name one: {}/{}", folder, found.front()));
  }
  return folder + "/" + found.front();
}

}  // namespace

std::optional<std::string> gguf_of_base(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return gguf_in_folder(path);
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  if (path.ends_with(".gguf") || begins_like_gguf(path)) return path;
  return std::nullopt;
}

}  // namespace matinee
