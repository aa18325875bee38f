#include "lib/text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

struct CodePointRange {
  std::uint32_t first, last;
};

// Characters newer than Unicode 9 that have a combining class or a decomposition. Hugging Face's tokenizers normalizes
// by the tables of Unicode 9 (its crate unicode-normalization-alignments 0.1.12), which do not know these characters,
// so they stay unchanged. Found by scripts/compare-tokenizers.
constexpr std::array<CodePointRange, 45> kYoung{
    {{0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},
     {0x32FF, 0x32FF},   {0xA7F2, 0xA7F4},   {0xA82C, 0xA82C},   {0xAB69, 0xAB69},   {0x10781, 0x107BA},
     {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
     {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11930},
     {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34},
     {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97},
     {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1}, {0x1E030, 0x1E06D}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136},
     {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}}};

bool is_young(std::uint32_t c) {
  if (c < kYoung.front().first) return false;
  const auto range = std::lower_bound(kYoung.begin(), kYoung.end(), c,
                                      [](const CodePointRange& r, std::uint32_t value) { return r.last < value; });
  return range != kYoung.end() && range->first <= c;
}

// The longest prefix of `text` without invalid UTF-8 and without a character of kYoung; `stop` is the size of what ends
// it.
std::size_t normalizable_prefix(std::string_view text, std::size_t& stop) {
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t begin = position;
    if (static_cast<unsigned char>(text[position]) < 0x80) {
      ++position;
      continue;
    }
    const std::uint32_t c = decode_utf8(text, position);
    stop = position - begin;
    if (c >= kInvalidByte || is_young(c)) return begin;
  }
  stop = 0;
  return text.size();
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  const CharacterTable& table = CharacterTable::instance();
  for (std::size_t position = 0; position < text.size();) {
    // Eight ASCII characters at a time.
    std::uint64_t word = 0;
    if (text.size() - position >= 8) {
      std::memcpy(&word, text.data() + position, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        position += 8;
        continue;
      }
    }
    if (!table.nfc_keeps(decode_utf8(text, position))) return false;
  }
  return true;
}

bool is_normalized_as_unassigned(std::uint32_t c) { return is_young(c); }

std::string normalize_utf8(std::string_view text, NormalizationForm form) {
  const bool compose = form == NormalizationForm::kNfc || form == NormalizationForm::kNfkc;
  const bool compatible = form == NormalizationForm::kNfkc || form == NormalizationForm::kNfkd;
  const auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE | (compose ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) | (compatible ? UTF8PROC_COMPAT : 0));
  std::string out;
  while (!text.empty()) {
    std::size_t stop = 0;
    const std::size_t valid = normalizable_prefix(text, stop);
    if (valid > 0) {
      utf8proc_uint8_t* normalized = nullptr;
      const auto size = utf8proc_map(bytes_of(text), static_cast<utf8proc_ssize_t>(valid), &normalized, options);
      if (size < 0) throw internal_error("normalizing text: {}", utf8proc_errmsg(size));
      out.append(reinterpret_cast<const char*>(normalized), static_cast<std::size_t>(size));
      std::free(normalized);
    }
    out += text.substr(valid, stop);
    text.remove_prefix(valid + stop);
  }
  return out;
}

}  // namespace matinee
