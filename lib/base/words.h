#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// "a, b, c".
std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");
/// Calls `use` with each piece of `text` between separators that is not empty, in order; the pieces view `text`.
template <class Use>
void for_each_piece(std::string_view text, char separator, const Use& use) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) use(text.substr(begin, end - begin));
    begin = end + 1;
  }
}
/// Appends `text` with its white space as single spaces, broken so that no line has more than `width` columns unless a
/// word is longer. The first line begins at the column `indent`, later lines are indented by it. A blank line in `text`
/// is kept as the break between two paragraphs.
void append_wrapped(std::string& out, std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace matinee
