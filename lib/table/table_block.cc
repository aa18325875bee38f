#include "lib/table/table_block.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace matinee {

std::uint32_t id_number(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (text.size() < 3 || !letter(text[0]) || !letter(text[1]) || text[2] < '0' || text[2] > '9') return kNoId;
  std::uint32_t number = 0;
  const auto [stop, code] = std::from_chars(text.data() + 2, text.data() + text.size(), number);
  return code == std::errc{} && stop == text.data() + text.size() ? number : kNoId;
}

void TableBlock::ids(std::size_t column, std::vector<std::uint32_t>& out) const {
  std::vector<std::string_view> written;
  texts(column, written);
  out.resize(written.size());
  for (std::size_t row = 0; row < written.size(); ++row) out[row] = id_number(written[row]);
}

void TableBlock::id_lists(std::size_t column, std::vector<std::uint32_t>& offsets,
                          std::vector<std::uint32_t>& ids) const {
  std::vector<std::string_view> written;
  texts(column, written);
  offsets.assign(1, 0);
  ids.clear();
  for (const std::string_view text : written) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(',', begin), text.size());
      if (const std::uint32_t id = id_number(text.substr(begin, end - begin)); id != kNoId) ids.push_back(id);
      begin = end + 1;
    }
    offsets.push_back(static_cast<std::uint32_t>(ids.size()));
  }
}

void TableBlock::categories(std::size_t column, std::vector<std::string_view>& names,
                            std::vector<std::uint32_t>& codes) const {
  std::vector<std::string_view> written;
  texts(column, written);
  names.clear();
  codes.clear();
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (const std::string_view text : written) {
    const auto [found, fresh] = known.emplace(text, static_cast<std::uint32_t>(names.size()));
    if (fresh) names.push_back(text);
    codes.push_back(found->second);
  }
}

}  // namespace matinee
