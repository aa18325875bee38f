#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/preference_state.h"

namespace matinee {

/// Numbers and lists as people write and say them.

/// "1 h 56 min", "2 h", "45 min".
std::string short_length(std::int32_t minutes);
/// The same to the next five minutes or so: "just under two hours", "about an hour and 40 minutes", "two hours",
/// "an hour and a half", "45 minutes".
std::string spoken_length(std::int32_t minutes);
/// "8.2" of 82.
std::string rating_number(std::int32_t tenths);
/// "A", "A and B", "A, B and C"; `last` stands before the last one.
std::string join_list(std::span<const std::string> items, std::string_view last = " and ");

/// The state's wishes as one noun: "a comedy or a thriller with Al Pacino from the 1940s"; "" without any.
/// A person who directed more movies than they acted in is one "by" whom it is.
std::string wish_text(const PreferenceState& state, const MovieCatalog& catalog);

}  // namespace matinee
