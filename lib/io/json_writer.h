#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// Appends one JSON value to a string, without spaces and with keys in the order of the calls. Strings are escaped, and
/// invalid UTF-8 becomes U+FFFD, so that the text is valid JSON. The caller must balance begin and end, and call `key`
/// before each value in an object; this is not checked.
class JsonWriter {
 public:
  /// `out` must outlive this.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& unsigned_integer(std::uint64_t value);
  /// The shortest form that reads back as the same value; null if it is not finite.
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// A value given as JSON, which is not checked.
  JsonWriter& raw(std::string_view json);

  /// A key and its value.
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

/// Appends `text` as a JSON string, in quotes and escaped; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace matinee
