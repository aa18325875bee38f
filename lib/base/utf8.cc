#include "lib/base/utf8.h"

#include <simdjson.h>

namespace matinee {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return text.size();
  std::size_t position = 0;
  for (;;) {
    const std::size_t bytes = decode_character(bytes_of(text) + position, text.size() - position).bytes;
    if (bytes == 0) return position;
    position += bytes;
  }
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto tail = [&](std::uint32_t bits) { out += static_cast<char>(0x80 | (bits & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(c);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(c >> 6);
    tail(c);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(c >> 12);
    tail(c >> 6);
    tail(c);
  }
}

std::size_t incomplete_utf8_suffix(std::string_view text) {
  const unsigned char* s = bytes_of(text);
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const unsigned char* lead = s + text.size() - back;
    if (*lead < 0x80) return 0;
    if (*lead < 0xC0) continue;
    const std::size_t wanted = *lead < 0xC2 ? 0 : *lead < 0xE0 ? 2 : *lead < 0xF0 ? 3 : *lead < 0xF5 ? 4 : 0;
    if (wanted <= back) return 0;
    // The second byte's narrower range decides whether this can still become a character.
    if (back >= 2) {
      const unsigned char whole[4] = {lead[0], lead[1], back == 3 ? lead[2] : static_cast<unsigned char>(0x80), 0x80};
      if (decode_character(whole, wanted).bytes == 0) return 0;
    }
    return back;
  }
  return 0;
}

}  // namespace matinee
