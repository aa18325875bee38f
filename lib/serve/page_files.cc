#include "lib/serve/page_files.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

// Made by mk/tools.mk: for each file a line "NAME SIZE GZIP_SIZE", its bytes and its bytes compressed.
extern "C" const char matinee_page_begin[], matinee_page_end[];

namespace matinee {
namespace {

std::string_view type_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".webmanifest", "application/manifest+json"},
  }};
  const auto found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) { return name.ends_with(row.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<PageFile> read_files() {
  std::vector<PageFile> files;
  std::string_view rest(matinee_page_begin, static_cast<std::size_t>(matinee_page_end - matinee_page_begin));
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::size_t first = line.find(' '), last = line.rfind(' ');
    const std::size_t size = number(line.substr(first + 1, last - first - 1)),
                      gzip_size = number(line.substr(last + 1));
    rest.remove_prefix(line.size() + 1);
    PageFile file{line.substr(0, first), rest.substr(0, size), rest.substr(size, gzip_size), {}, {}};
    rest.remove_prefix(size + gzip_size);
    file.type = type_of(file.name);
    file.etag = fmt::format("\"{:016x}\"", XXH3_64bits(file.content.data(), file.content.size()));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

const std::vector<PageFile>& page_files() {
  static const std::vector<PageFile> files = read_files();
  return files;
}

const PageFile* find_page_file(std::string_view path) {
  if (!path.starts_with('/')) return nullptr;
  const std::string_view name = path == "/" ? "index.html" : path.substr(1);
  const auto& files = page_files();
  const auto found = std::find_if(files.begin(), files.end(), [&](const PageFile& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

}  // namespace matinee
