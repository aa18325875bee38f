#include "lib/io/json_edit.h"

#include <algorithm>

#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

// Behind the string whose quote is text[at].
std::size_t after_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

// Behind the value that begins at text[at].
std::size_t after_value(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (depth == 0 && (c == ',' || c == '}' || c == ']' || kSpaces.find(c) != std::string_view::npos)) break;
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    at = c == '"' ? after_string(text, at) : at + 1;
    if (depth == 0 && (c == '"' || c == '}' || c == ']')) break;
  }
  return at;
}

}  // namespace

std::string with_json_field(std::string_view text, std::string_view key, std::string_view value) {
  std::string quoted, out(text);
  JsonWriter(quoted).string(key);
  const std::size_t object = std::min(text.find('{'), text.size());
  std::size_t at = object + 1;
  while (true) {
    at = text.find_first_not_of(" \t\r\n,", at);
    if (at == std::string_view::npos || text[at] != '"') break;
    const std::size_t key_end = after_string(text, at);
    const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n:", key_end), text.size());
    const std::size_t end = after_value(text, begin);
    if (text.substr(at, key_end - at) == quoted) return out.replace(begin, end - begin, value);
    at = end;
  }
  const std::size_t first = text.find_first_not_of(kSpaces, object + 1);
  const bool empty = first != std::string_view::npos && text[first] == '}';
  return out.insert(std::min(object + 1, out.size()),
                    std::string("\n  ").append(quoted).append(": ").append(value).append(empty ? "\n" : ","));
}

}  // namespace matinee
