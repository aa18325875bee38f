#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// A file of the page, which the program carries inside it. Views of that data.
struct PageFile {
  std::string_view name;  ///< "page.js"
  std::string_view content;
  std::string_view gzip;  ///< the same, compressed
  std::string_view type;  ///< for Content-Type
  std::string etag;       ///< in quotes; changes with the content
};

/// All files of lib/serve/page.
const std::vector<PageFile>& page_files();
/// The file of a path of the server: "/" is index.html. Null if there is none.
const PageFile* find_page_file(std::string_view path);

}  // namespace matinee
