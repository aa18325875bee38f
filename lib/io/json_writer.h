#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// Appends one JSON value to a string: no spaces, keys in the order of the calls, everything escaped. Invalid UTF-8 in
/// a string becomes U+FFFD, so that the output is always valid JSON. Reading is simdjson's business.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  /// Shortest form that reads back the same; a value that is not finite becomes null.
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  /// key + value in one call.
  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, const char* text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }
  template <std::integral I>
  JsonWriter& field(std::string_view name, I value) {
    return key(name).integer(static_cast<std::int64_t>(value));
  }
  template <std::floating_point F>
  JsonWriter& field(std::string_view name, F value) {
    return key(name).number(static_cast<double>(value));
  }

 private:
  void separate();

  std::string& out_;
  bool first_ = true;
};

/// Appends `text` quoted and escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace matinee
