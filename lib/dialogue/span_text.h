#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Open ends of spans: "since 1985" is [1985, kLastYear], "until 1960" [kFirstYear, 1960]; minutes [0, kLongest].
inline constexpr std::int32_t kFirstYear = 1900, kLastYear = 2030, kLongest = 600;
/// "around 2005" is this many years, or this many minutes, to both sides.
inline constexpr std::int32_t kAroundYears = 3, kAroundMinutes = 10;

/// A span of years as people say it, in digits that they said and no others, so that a model can copy instead of
/// reckoning: "1994", "1990s", "since 1985", "until 1960", "around 2005", "1999 to 2007".
std::string years_text(Span years);
/// Likewise minutes: "90", "at least 140", "up to 100", "around 90", "90 to 120".
std::string runtime_text(Span minutes);

/// The span that such a text means; nothing where it is none.
std::optional<Span> years_of_text(std::string_view text);
std::optional<Span> runtime_of_text(std::string_view text);

}  // namespace matinee
