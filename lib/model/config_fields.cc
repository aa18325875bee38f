#include "lib/model/config_fields.h"

#include <algorithm>
#include <string>

#include "lib/base/format_error.h"

namespace matinee {

Error missing_field(const JsonNode& object, const char* name) {
  const std::string path = object.path();
  return bad_data("{}{}{} is missing", path, path.empty() ? "" : ": ", name);
}

std::int64_t size_field(const JsonNode& object, const char* name, std::optional<std::int64_t> otherwise) {
  constexpr std::int64_t kMost = 1 << 24;
  const JsonNode field = object[name];
  if (field.is_null()) {
    if (otherwise) return *otherwise;
    throw missing_field(object, name);
  }
  const double value = field.is_number() ? field.number() : 0;
  if (value < 1 || value > kMost || field.text().find_first_of(".eE") != std::string::npos)
    throw field.unexpected(fmt::format("a whole number from 1 to {}", kMost));
  return field.integer();
}

double positive_field(const JsonNode& object, const char* name, double otherwise) {
  const JsonNode field = object[name];
  if (field.is_null()) return otherwise;
  if (!field.is_number() || !(field.number() > 0)) throw field.unexpected("a positive number");
  return field.number();
}

bool equals(const JsonNode& value, std::string_view json) {
  if (!value.is_number()) return value.text() == json;
  JsonReader reader;
  const JsonNode wanted = reader.parse(json);
  return wanted.is_number() && wanted.number() == value.number();
}

bool is_off(const JsonNode& value) { return is_listed("null false {} []", value.text()); }

bool is_listed(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view first = words.substr(0, words.find(' '));
    if (first == word) return true;
    words.remove_prefix(std::min(first.size() + 1, words.size()));
  }
  return false;
}

}  // namespace matinee
