#include "lib/base/words.h"

#include <algorithm>

namespace matinee {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

void append_wrapped(std::string& out, std::string_view text, std::size_t width, std::size_t indent) {
  std::size_t column = indent;
  for (bool first = true;; first = false) {
    const std::size_t begin = std::min(text.find_first_not_of(" \n"), text.size());
    const std::string_view space = text.substr(0, begin);
    text.remove_prefix(begin);
    if (text.empty()) return;
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    text.remove_prefix(word.size());
    const bool paragraph = std::count(space.begin(), space.end(), '\n') > 1;
    if (!first && (paragraph || column + 1 + word.size() > width)) {
      out.append(paragraph ? 2 : 1, '\n').append(indent, ' ');
      column = indent;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
}

}  // namespace matinee
