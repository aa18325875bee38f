#include "lib/catalog/title_parts.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_words.h"

namespace matinee {
namespace {

// Whether a part of a title identifies it: "Fellowship of the Ring", but not "Part One" or "Impossible".
bool identifies(std::string_view folded) {
  const auto words = name_words(folded);
  if (folded.size() < 5 || words.empty()) return false;
  if (words.size() == 1) return !is_english_form(words[0]) && !is_number(words[0]);
  const auto is_plain = [&](std::string_view word) {
    return is_number(word) || (is_number(words.back()) ? is_common_word(word) : is_english_form(word));
  };
  const auto content =
      std::count_if(words.begin(), words.end(), [](std::string_view w) { return !is_function_word(w); });
  return content >= (is_number(words.back()) ? 3 : 2) || !std::all_of(words.begin(), words.end(), is_plain);
}

// Places where a title may be cut, as (end of the part before, begin of the part after).
std::vector<std::pair<std::size_t, std::size_t>> cuts(std::string_view title) {
  constexpr std::array<std::string_view, 6> kSeparators{": ", " - ", " \u2013 ", " (", " or ", " aka "};
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const std::string_view separator : kSeparators) {
    for (std::size_t at = title.find(separator); at != title.npos; at = title.find(separator, at + 1))
      places.emplace_back(at, at + separator.size());
  }
  // "or" ends a title only before a second one: "Dr. Strangelove or: How I ...", "Birdman or (The Unexpected ...)".
  std::erase_if(places, [&](const auto& place) {
    const std::string_view separator = title.substr(place.first, place.second - place.first);
    if (separator != " or ") return false;
    return place.second >= title.size() || title[place.second] != '(';
  });
  if (const std::size_t at = title.find(" or: "); at != title.npos) places.emplace_back(at, at + 5);
  return places;
}

}  // namespace

std::vector<TitlePart> title_parts(std::string_view title) {
  std::vector<TitlePart> parts;
  const auto places = cuts(title);
  if (places.empty()) return parts;
  const std::string whole = fold_name(title);
  const auto add = [&](std::string_view part, bool leads) {
    std::string folded = fold_name(part);
    if (folded.empty() || folded == whole) return;
    const bool alone = identifies(folded);
    parts.push_back({std::move(folded), leads, alone});
  };
  for (const auto& [end, begin] : places) {
    add(title.substr(0, end), true);
    add(title.substr(begin), false);
    for (const auto& [later, after] : places) {
      if (later > begin) add(title.substr(begin, later - begin), false);
    }
  }
  return parts;
}

}  // namespace matinee
