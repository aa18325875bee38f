#include "lib/catalog/title_query.h"

#include <algorithm>
#include <charconv>

#include "lib/base/ascii.h"

namespace matinee {
namespace {

constexpr std::string_view kSpace = " \t\r\n\v\f";
constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kIdDigits = 7;

// The year that four digits are; no film is older than the first.
std::optional<std::int32_t> year_of(std::string_view digits) {
  std::int32_t year = 0;
  if (digits.size() != 4 || digits.find_first_not_of(kDigits) != digits.npos) return {};
  std::from_chars(digits.data(), digits.data() + digits.size(), year);
  return year >= 1874 && year < 2200 ? std::optional(year) : std::nullopt;
}

std::optional<DatedTitle> dated(std::string_view title, std::string_view digits) {
  const auto year = year_of(digits);
  title = trimmed(title);
  if (!year || title.empty()) return {};
  return DatedTitle{title, *year};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  // A no-break space comes with what is copied from web pages.
  constexpr std::string_view kNoBreak = "\u00a0";
  for (;;) {
    const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
    text.remove_prefix(begin);
    text = text.substr(0, text.find_last_not_of(kSpace) + 1);
    if (text.starts_with(kNoBreak)) {
      text.remove_prefix(kNoBreak.size());
    } else if (text.ends_with(kNoBreak)) {
      text.remove_suffix(kNoBreak.size());
    } else {
      return text;
    }
  }
}

std::optional<std::string> tconst_in(std::string_view text) {
  const std::string lower = to_lower(trimmed(text));
  std::string_view id = lower;
  if (const std::size_t site = id.find("imdb.com/"); site != id.npos) {
    const std::size_t title = id.find("/tt", site);
    if (title == id.npos) return {};
    id = id.substr(title + 1);
    id = id.substr(0, id.find_first_not_of(kDigits, 2));
  }
  if (id.size() < 3 || !id.starts_with("tt") || id.find_first_not_of(kDigits, 2) != id.npos) return {};
  id.remove_prefix(2);
  id.remove_prefix(std::min(id.find_first_not_of('0'), id.size() - 1));
  return "tt" + std::string(id.size() < kIdDigits ? kIdDigits - id.size() : 0, '0') + std::string(id);
}

std::optional<DatedTitle> title_with_year(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 6) return {};
  const char open = text[text.size() - 6], close = text.back();
  if (!(open == '(' && close == ')') && !(open == '[' && close == ']')) return {};
  const auto year = year_of(text.substr(text.size() - 5, 4));
  if (!year) return {};
  return DatedTitle{trimmed(text.substr(0, text.size() - 6)), *year};
}

std::optional<DatedTitle> title_with_bare_year(std::string_view text) {
  text = trimmed(text);
  const std::size_t last = text.find_last_of(" ,");
  if (last != text.npos) {
    std::string_view title = trimmed(text.substr(0, last));
    if (title.ends_with(',')) title.remove_suffix(1);
    if (const auto found = dated(title, text.substr(last + 1))) return found;
  }
  const std::size_t first = std::min(text.find(' '), text.size());
  return dated(text.substr(first), text.substr(0, first));
}

}  // namespace matinee
