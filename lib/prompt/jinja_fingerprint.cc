#include "lib/prompt/jinja_fingerprint.h"

#include <algorithm>
#include <vector>

#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr std::string_view kSpaces = " \t\n\r\f\v";
// What separates the parts of the canonical form. Templates do not hold such characters.
constexpr char kToken = '\x1f', kString = '\x1e', kTag = '\x1d', kOtherEscape = '\x1c';

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::string with_line_feeds(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (out += '\n'; i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
    }
  }
  if (out.ends_with('\n')) out.pop_back();  // keep_trailing_newline is off
  return out;
}

// The string literal at text[at], which is its quote; `at` moves behind it.
std::string string_at(std::string_view text, std::size_t& at) {
  const char quote = text[at++];
  std::string out;
  for (; at < text.size() && text[at] != quote; ++at) {
    if (text[at] != '\\' || at + 1 >= text.size()) {
      out += text[at];
      continue;
    }
    switch (const char c = text[++at]) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '\\':
      case '\'':
      case '"': out += c; break;
      default: out.append({kOtherEscape, c});
    }
  }
  ++at;
  return out;
}

// The tokens of the tag whose inside begins at text[at]; `at` moves to its end mark, or to the sign before that. A
// string begins with kString, anything else with kToken.
std::vector<std::string> tokens_at(std::string_view text, std::size_t& at, char close) {
  std::vector<std::string> tokens;
  const auto ends = [&](std::size_t from) {
    return from + 1 < text.size() && text[from] == close && text[from + 1] == '}';
  };
  int braces = 0;  // open ones: the end of a dictionary is not that of the tag
  while (at < text.size()) {
    const char c = text[at];
    if (braces == 0 && (ends(at) || ((c == '-' || c == '+') && ends(at + 1)))) break;
    if (kSpaces.find(c) != std::string_view::npos) {
      ++at;
    } else if (c == '\'' || c == '"') {
      tokens.push_back(kString + string_at(text, at));
    } else if (is_word(c)) {
      const std::size_t begin = at;
      while (at < text.size() && is_word(text[at])) ++at;
      tokens.push_back(kToken + std::string(text.substr(begin, at - begin)));
    } else {
      braces += c == '{' ? 1 : c == '}' ? -1 : 0;
      tokens.push_back({kToken, c});
      ++at;
    }
  }
  return tokens;
}

// The text before a tag at text[tag], without what the tag takes away.
std::string_view data_before(std::string_view text, std::size_t begin, std::size_t tag) {
  std::string_view data = text.substr(begin, tag - begin);
  const char kind = text[tag + 1], sign = tag + 2 < text.size() ? text[tag + 2] : ' ';
  if (sign == '-') return data.substr(0, data.find_last_not_of(kSpaces) + 1);
  if (kind == '{' || sign == '+') return data;
  const std::size_t line = data.rfind('\n') + 1;
  const bool line_begins = line > 0 || begin == 0 || text[begin - 1] == '\n';
  const bool blank = data.find_first_not_of(kSpaces, line) == std::string_view::npos;
  return line_begins && blank ? data.substr(0, line) : data;
}

// Where the text behind the end mark at text[end] begins.
std::size_t after_tag(std::string_view text, std::size_t end, char kind) {
  const char sign = end < text.size() && (text[end] == '-' || text[end] == '+') ? text[end] : ' ';
  const std::size_t after = std::min(end + (sign == ' ' ? 2 : 3), text.size());
  if (sign == '-') return std::min(text.find_first_not_of(kSpaces, after), text.size());
  const bool drops_line_feed = kind != '{' && sign == ' ' && after < text.size() && text[after] == '\n';
  return after + (drops_line_feed ? 1 : 0);
}

std::size_t next_tag(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at + 1 < text.size(); ++at)
    if (text[at] == '{' && (text[at + 1] == '{' || text[at + 1] == '%' || text[at + 1] == '#')) return at;
  return text.size();
}

}  // namespace

std::string canonical_jinja(std::string_view jinja) {
  const std::string source = with_line_feeds(jinja);
  const std::string_view text = source;
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t tag = next_tag(text, begin);
    if (tag == text.size()) return out.append(text.substr(begin));
    out += data_before(text, begin, tag);
    const char kind = text[tag + 1];
    std::size_t at = tag + 2;
    if (kind == '#') {
      at = std::min(text.find("#}", at), text.size());
      if (at > tag + 2 && at < text.size() && (text[at - 1] == '-' || text[at - 1] == '+')) --at;
    } else {
      if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
      const std::vector<std::string> tokens = tokens_at(text, at, kind == '{' ? '}' : '%');
      if (kind == '{' && tokens.size() == 1 && tokens[0][0] == kString) {
        out += tokens[0].substr(1);
      } else {
        out.append({kTag, kind});
        for (const std::string& token : tokens) out += token;
        out += kTag;
      }
    }
    begin = after_tag(text, at, kind);
  }
  return out;
}

std::uint64_t jinja_fingerprint(std::string_view jinja) { return hash64(canonical_jinja(jinja)); }

}  // namespace matinee
