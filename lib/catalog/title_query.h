#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace matinee {

/// The text without white space at both ends.
std::string_view trimmed(std::string_view text);

/// The id of a title that the text consists of or that an imdb.com address in it has, in any case: "tt0113277" of
/// "TT0113277", of "tt113277" and of "https://m.imdb.com/de/title/tt0113277/?ref_=x". Ids have at least seven digits.
std::optional<std::string> tconst_in(std::string_view text);

/// A title with the year behind it or, without parentheses, before it.
struct DatedTitle {
  std::string_view title;
  std::int32_t year;
};

/// "Heat (1995)", "Heat [1995]".
std::optional<DatedTitle> title_with_year(std::string_view text);
/// "Heat 1995", "Heat, 1995", "1995 Heat": where the number may be part of the title, too ("Blade Runner 2049").
std::optional<DatedTitle> title_with_bare_year(std::string_view text);

}  // namespace matinee
