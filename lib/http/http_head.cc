#include "lib/http/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"

namespace matinee {
namespace {

struct Refusal {
  int status;
  std::string message;
};

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// A header with several values would be read differently by different programs.
bool is_single(std::string_view name) {
  constexpr std::array<std::string_view, 6> kSingle{"host",           "origin",       "authorization",
                                                    "content-length", "content-type", "transfer-encoding"};
  return std::find(kSingle.begin(), kSingle.end(), name) != kSingle.end();
}

bool has_word(std::string_view list, std::string_view word) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (to_lower(trimmed(list.substr(begin, end - begin))) == word) return true;
    begin = end + 1;
  }
  return false;
}

void parse_request_line(std::string_view line, HttpHead& head) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    throw Refusal{400, "expected a request line such as \"GET / HTTP/1.1\""};
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  head.version = line.substr(last + 1);
  if (!is_token(head.method)) throw Refusal{400, "the method of the request is not a word"};
  if (head.version != "HTTP/1.1" && head.version != "HTTP/1.0") throw Refusal{400, "expected HTTP/1.1 or HTTP/1.0"};
  if (head.target.size() > kMaxTarget) {
    throw Refusal{414, fmt::format("the path has {} bytes; at most {} are read", head.target.size(), kMaxTarget)};
  }
  const bool plain = std::all_of(head.target.begin(), head.target.end(), [](char c) { return c > ' ' && c < 0x7F; });
  if (!plain || head.target.empty() || head.target[0] != '/') {
    throw Refusal{400, "expected a path that begins with \"/\"; this is no proxy"};
  }
  if (std::count(head.target.begin(), head.target.end(), '?') > 1) {
    throw Refusal{400, "expected one \"?\" in the path; write further ones as %3F"};
  }
}

void parse_header(std::string_view line, HttpHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    throw Refusal{400, "expected a header such as \"Host: localhost\""};
  }
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  const auto [place, fresh] = head.headers.emplace(name, value);
  if (fresh) return;
  if (is_single(name)) throw Refusal{400, fmt::format("the header {} is given twice", name)};
  place->second.append(", ").append(value);
}

const std::string* find(const HttpHead& head, std::string_view name) {
  const auto found = head.headers.find(name);
  return found == head.headers.end() ? nullptr : &found->second;
}

void read_framing(HttpHead& head) {
  if (const std::string* coding = find(head, "transfer-encoding")) {
    if (to_lower(*coding) != "chunked" || head.version == "HTTP/1.0") {
      throw Refusal{400, "expected no Transfer-Encoding, or chunked"};
    }
    head.chunked = true;
  }
  if (const std::string* length = find(head, "content-length")) {
    if (head.chunked) throw Refusal{400, "Content-Length beside Transfer-Encoding"};
    if (length->empty() || !std::all_of(length->begin(), length->end(), is_digit)) {
      throw Refusal{400, fmt::format("Content-Length: expected a number of bytes, found \"{}\"", *length)};
    }
    for (const char digit : *length) {
      head.content_length = head.content_length * 10 + static_cast<std::uint64_t>(digit - '0');
      if (head.content_length > kMaxBody) {
        throw Refusal{413, fmt::format("the body has {} bytes; at most {} are read", *length, kMaxBody)};
      }
    }
  }
  const std::string* encoding = find(head, "content-encoding");
  if (encoding != nullptr && to_lower(*encoding) != "identity") {
    throw Refusal{415, "expected a body that is not compressed"};
  }
  if (const std::string* expected = find(head, "expect");
      expected != nullptr && to_lower(*expected) != "100-continue") {
    throw Refusal{400, "Expect: expected 100-continue"};
  }
}

HttpHead read_head(std::string_view bytes) {
  HttpHead head;
  std::size_t lines = 0;
  while (true) {
    const std::size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) throw Refusal{400, "the head has no end"};
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (lines > 0 && line.empty()) break;
    const bool plain = std::all_of(line.begin(), line.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return (byte >= 0x20 && byte != 0x7F) || c == '\t';
    });
    if (!plain) throw Refusal{400, "a control character in the head"};
    if (lines == 0) {
      parse_request_line(line, head);
    } else {
      parse_header(line, head);
    }
    if (++lines > kMaxHeaders) throw Refusal{431, fmt::format("more than {} headers", kMaxHeaders)};
  }
  const std::string* connection = find(head, "connection");
  head.close = head.version == "HTTP/1.0" || (connection != nullptr && has_word(*connection, "close"));
  if (head.version == "HTTP/1.1" && find(head, "host") == nullptr) throw Refusal{400, "the header Host is missing"};
  read_framing(head);
  return head;
}

}  // namespace

HttpHead parse_head(std::string_view bytes) {
  try {
    return read_head(bytes);
  } catch (Refusal& refusal) {
    HttpHead head;
    head.status = refusal.status;
    head.message = std::move(refusal.message);
    return head;
  }
}

std::string minimal_head(const HttpHead& head) {
  std::string out = fmt::format("{} {} {}\r\n", head.method, head.target, head.version);
  if (head.close) out += "Connection: close\r\n";
  out += head.chunked ? "Transfer-Encoding: chunked\r\n" : fmt::format("Content-Length: {}\r\n", head.content_length);
  if (find(head, "expect") != nullptr && head.has_body()) out += "Expect: 100-continue\r\n";
  return out + "\r\n";
}

}  // namespace matinee
