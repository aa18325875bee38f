#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/error.h"

namespace matinee {

/// The JSON text with U+FFFD in place of escapes of half a surrogate pair ("\ud83d" alone), which Python's json.dumps
/// writes and the standard forbids; nothing where there are none. `found` is the first of them as written.
std::optional<std::string> without_lone_surrogates(std::string_view json, std::string& found);

/// Adds to the error of a JSON text that does not parse what it is instead and what to do: NaN or Infinity, Python's
/// own notation, one object over several lines, and so on.
void add_json_advice(std::string_view json, Error& error);

}  // namespace matinee
