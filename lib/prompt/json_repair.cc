#include "lib/prompt/json_repair.h"

#include <array>
#include <charconv>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// The code unit of the escape \uXXXX at `position`; -1 where there is none.
int escaped_unit(std::string_view json, std::size_t position) {
  if (json.size() < position + 6 || json[position] != '\\' || json[position + 1] != 'u') return -1;
  int unit = 0;
  const char* begin = json.data() + position + 2;
  const auto [stop, code] = std::from_chars(begin, begin + 4, unit, 16);
  return code == std::errc{} && stop == begin + 4 && *begin != '-' ? unit : -1;
}

// A word outside of strings that Python's json.dumps writes and JSON does not have; npos where there is none.
std::size_t find_no_number(std::string_view json, std::string_view& word) {
  static constexpr std::array<std::string_view, 3> kWords = {"NaN", "-Infinity", "Infinity"};
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (in_string && json[i] == '\\') {
      ++i;
    } else if (json[i] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      for (const std::string_view known : kWords) {
        if (!json.substr(i).starts_with(known)) continue;
        word = known;
        return i;
      }
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::optional<std::string> without_lone_surrogates(std::string_view json, std::string& found) {
  std::string out;
  found.clear();
  std::size_t copied = 0;
  for (std::size_t i = json.find('\\'); i < json.size(); i = json.find('\\', i)) {
    const int unit = escaped_unit(json, i);
    if (unit < 0xD800 || unit > 0xDFFF) {
      i += 2;
      continue;
    }
    const int next = escaped_unit(json, i + 6);
    if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
      i += 12;
      continue;
    }
    if (found.empty()) found = json.substr(i, 6);
    out.append(json.substr(copied, i - copied)).append("\\ufffd");
    copied = i += 6;
  }
  if (found.empty()) return std::nullopt;
  return out.append(json.substr(copied));
}

void add_json_advice(std::string_view json, Error& error) {
  std::string_view word;
  if (const std::size_t at = find_no_number(json, word); at != std::string_view::npos) {
    error = bad_data("{} at column {} is no JSON", word, at + 1);
    error.add_remedy(
        "write null or leave the field out (pandas: to_json; Python: json.dumps with allow_nan=False says "
        "where); jq -c . makes null of NaN");
  } else if (json.starts_with("{'")) {
    error.add_remedy("this is Python's notation of an object; write lines with json.dumps");
  } else if (json.starts_with('[') || json == "{") {
    error.add_remedy(
        "one object on each line is expected; jq -c '.[]' makes that of a JSON array, jq -c . of an object "
        "over several lines");
  } else {
    error.add_remedy("one object on each line is expected");
  }
}

}  // namespace matinee
