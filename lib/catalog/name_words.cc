#include "lib/catalog/name_words.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <unordered_map>

#include "lib/base/words.h"

namespace matinee {

bool is_left_out(std::string_view folded) {
  constexpr std::array<std::string_view, 10> kLeftOut{"the", "a", "an", "and", "teh", "hte", "thhe", "th", "te", "adn"};
  return std::find(kLeftOut.begin(), kLeftOut.end(), folded) != kLeftOut.end();
}

std::string_view standard_word(std::string_view folded) {
  static const std::unordered_map<std::string_view, std::string_view> standard{
      {"zero", "0"},     {"one", "1"},      {"two", "2"},        {"three", "3"},     {"four", "4"},
      {"five", "5"},     {"six", "6"},      {"seven", "7"},      {"eight", "8"},     {"nine", "9"},
      {"ten", "10"},     {"eleven", "11"},  {"twelve", "12"},    {"thirteen", "13"}, {"fourteen", "14"},
      {"fifteen", "15"}, {"sixteen", "16"}, {"seventeen", "17"}, {"eighteen", "18"}, {"nineteen", "19"},
      {"twenty", "20"},  {"ii", "2"},       {"iii", "3"},        {"iv", "4"},        {"v", "5"},
      {"vi", "6"},       {"vii", "7"},      {"viii", "8"},       {"ix", "9"},        {"x", "10"},
      {"xi", "11"},      {"xii", "12"},     {"xiii", "13"},      {"doctor", "dr"},   {"mister", "mr"},
      {"fo", "of"},      {"versus", "vs"},  {"saint", "st"}};
  const auto found = standard.find(folded);
  return found == standard.end() ? folded : found->second;
}

bool is_part_word(std::string_view folded) {
  constexpr std::array<std::string_view, 8> kPartWords{"part",    "pt", "vol",    "volume",
                                                       "chapter", "no", "number", "episode"};
  return std::find(kPartWords.begin(), kPartWords.end(), folded) != kPartWords.end();
}

bool is_number(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string_view> name_words(std::string_view folded) {
  std::vector<std::string_view> all, kept;
  for_each_piece(folded, ' ', [&](std::string_view word) { all.push_back(standard_word(word)); });
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool before_number = i > 0 && i + 1 < all.size() && is_part_word(all[i]) && is_number(all[i + 1]);
    if (!is_left_out(all[i]) && !before_number) kept.push_back(all[i]);
  }
  return kept.empty() ? all : kept;
}

std::string digits_as_letters(std::string_view folded) {
  constexpr std::string_view kLetters = "oizeasbvbg";  // of 0 to 9, by their shape ("se7en")
  std::string read(folded);
  bool any = false;
  for (std::size_t i = 1; i + 1 < read.size(); ++i) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    if (read[i] < '0' || read[i] > '9' || !is_letter(folded[i - 1]) || !is_letter(folded[i + 1])) continue;
    read[i] = kLetters[static_cast<std::size_t>(read[i] - '0')];
    any = true;
  }
  return any ? read : std::string();
}

}  // namespace matinee
