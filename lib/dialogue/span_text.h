#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Open ends: "since 1985" is [1985, kLastYear], "until 1960" is [kFirstYear, 1960]; minutes are in [0, kLongest].
inline constexpr std::int32_t kFirstYear = 1900, kLastYear = 2030, kLongest = 600;
/// "around 2005" covers this many years, or minutes, on both sides.
inline constexpr std::int32_t kAroundYears = 3, kAroundMinutes = 10;

/// The words before the first number of a span's text, each with its space.
struct SpanWords {
  std::string_view since, until, around;
};
inline constexpr SpanWords kYearWords{"since ", "until ", "around "}, kRuntimeWords{"at least ", "up to ", "around "};
/// The text between the two numbers.
inline constexpr std::string_view kSpanTo = " to ";

/// A span of years in the digits that people use for it, so that a model can copy them and need not calculate: "1994",
/// "1990s", "since 1985", "until 1960", "around 2005", "1999 to 2007".
std::string years_text(Span years);
/// The same for minutes: "90", "at least 140", "up to 100", "around 90", "90 to 120".
std::string runtime_text(Span minutes);

/// The span of such a text, or of "1999-2007"; nothing if it is not one.
std::optional<Span> years_of_text(std::string_view text);
std::optional<Span> runtime_of_text(std::string_view text);

}  // namespace matinee
