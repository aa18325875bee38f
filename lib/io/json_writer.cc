#include "lib/io/json_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstring>

#include "lib/base/utf8.h"

namespace matinee {

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;  // bytes of the text that are in `out`
  const auto replace = [&](std::size_t at, std::string_view by) {
    out += text.substr(copied, at - copied);
    out += by;
    copied = at + 1;
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t length =
          decode_character(reinterpret_cast<const unsigned char*>(text.data()) + i, text.size() - i).bytes;
      if (length == 0) replace(i, "\xEF\xBF\xBD");
      i += length == 0 ? 1 : length;
      continue;
    }
    switch (c) {
      case '"': replace(i, "\\\""); break;
      case '\\': replace(i, "\\\\"); break;
      case '\n': replace(i, "\\n"); break;
      case '\r': replace(i, "\\r"); break;
      case '\t': replace(i, "\\t"); break;
      default:
        if (c < 0x20 || c == 0x7F) replace(i, fmt::format("\\u{:04x}", c));
    }
    ++i;
  }
  out += text.substr(copied);
  out += '"';
}

void JsonWriter::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_ += '{';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  out_ += '}';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_ += ']';
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  first_ = true;  // no comma before the value
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) { return raw(fmt::format("{}", value)); }

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t value) { return raw(fmt::format("{}", value)); }

JsonWriter& JsonWriter::number(double value) { return std::isfinite(value) ? raw(fmt::format("{}", value)) : null(); }

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace matinee
