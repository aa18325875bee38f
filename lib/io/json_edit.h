#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// The JSON object `text` with the field `key` set to `value`, which is JSON; the rest stays as it was written. A field
/// that is not there is put first. `text` must be a valid object.
std::string with_json_field(std::string_view text, std::string_view key, std::string_view value);

}  // namespace matinee
