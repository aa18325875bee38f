#include "lib/dialogue/article.h"

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"

namespace matinee {
namespace {

constexpr std::array<std::string_view, 5> kLikeYou{"uni", "use", "eu", "one", "once"};  // and not like "unimportant"
constexpr std::array<std::string_view, 2> kUn{"unim", "unin"};
constexpr std::array<std::string_view, 3> kSilentH{"hour", "honest", "heir"};

bool begins_with_vowel_sound(std::string_view text) {
  if (is_digit(text[0])) {
    // "Eight", "eighty", "eleven", "eighteen", "eighteen ninety-five", but "one hundred eighty".
    const std::string_view number = text.substr(0, text.find_first_not_of("0123456789"));
    return number[0] == '8' || ((number.starts_with("11") || number.starts_with("18")) && number.size() % 2 == 0);
  }
  const std::string word = to_lower(text);
  const auto begins = [&](std::string_view start) { return word.starts_with(start); };
  if (std::ranges::any_of(kLikeYou, begins) && std::ranges::none_of(kUn, begins)) return false;
  return std::string_view("aeiou").find(word[0]) != std::string_view::npos || std::ranges::any_of(kSilentH, begins);
}

}  // namespace

std::string with_article(std::string_view noun) {
  return (begins_with_vowel_sound(noun) ? "an " : "a ") + std::string(noun);
}

}  // namespace matinee
