// fold_name, fold_title and edit_distance: the comparison of names.
#include "lib/catalog/fold_name.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace matinee {
namespace {

constexpr std::array<std::string_view, 3> kArticles{"the", "a", "an"};

bool is_letter_or_number(utf8proc_int32_t point) {
  const auto category = utf8proc_category(point);
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

bool is_mark(utf8proc_int32_t point) {
  const auto category = utf8proc_category(point);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

// Letters of their own that Unicode does not decompose, in lower case, as people without them on the keyboard write.
constexpr std::array<std::pair<utf8proc_int32_t, std::string_view>, 8> kLetters{{{0xE6, "ae"},     // æ
                                                                                 {0xF0, "d"},      // ð
                                                                                 {0xF8, "o"},      // ø
                                                                                 {0xFE, "th"},     // þ
                                                                                 {0x111, "d"},     // đ
                                                                                 {0x131, "i"},     // ı
                                                                                 {0x142, "l"},     // ł
                                                                                 {0x153, "oe"}}};  // œ

void append_folded(std::string& out, utf8proc_int32_t point) {
  utf8proc_int32_t parts[16];
  int boundary = 0;
  const auto count = utf8proc_decompose_char(
      point, parts, 16,
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK),
      &boundary);
  for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, 16); ++i) {
    utf8proc_uint8_t bytes[4];
    if (!is_letter_or_number(parts[i])) continue;
    const auto letter =
        std::find_if(kLetters.begin(), kLetters.end(), [&](const auto& pair) { return pair.first == parts[i]; });
    if (letter != kLetters.end()) {
      out += letter->second;
      continue;
    }
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(utf8proc_encode_char(parts[i], bytes)));
  }
}

// What a byte of ASCII becomes: itself in lower case, kGap, or nothing (kDropped).
constexpr char kGap = ' ', kDropped = '\0';
constexpr std::array<char, 128> kAscii = [] {
  std::array<char, 128> folded{};
  for (std::size_t c = 0; c < folded.size(); ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';
    folded[c] = letter ? static_cast<char>(c | 0x20) : digit ? static_cast<char>(c) : kGap;
  }
  // "Ocean's" and "O'Toole" stay one word.
  folded['\''] = folded['.'] = kDropped;
  return folded;
}();

}  // namespace

std::string fold_name(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  bool gap = false;
  for (std::size_t i = 0; i < text.size();) {
    if (bytes[i] < kAscii.size()) {
      const char folded = kAscii[bytes[i++]];
      if (folded == kGap) gap = true;
      if (folded == kGap || folded == kDropped) continue;
      if (gap && !out.empty()) out += ' ';
      gap = false;
      out += folded;
      continue;
    }
    utf8proc_int32_t point = 0;
    auto length = utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    if (length <= 0) {
      point = ' ';
      length = 1;
    }
    i += static_cast<std::size_t>(length);
    if (point == 0x2019) continue;  // an apostrophe
    if (!is_letter_or_number(point)) {
      gap = gap || !is_mark(point);  // a combining accent (NFD) is dropped, as a precomposed one is
      continue;
    }
    if (gap && !out.empty()) out += ' ';
    gap = false;
    append_folded(out, point);
  }
  return out;
}

std::string fold_title(std::string_view text) {
  std::string folded = fold_name(text);
  for (const std::string_view article : kArticles) {
    if (folded.size() > article.size() + 1 && folded.starts_with(article) && folded[article.size()] == ' ') {
      return folded.substr(article.size() + 1);
    }
    if (folded.size() > article.size() + 1 && folded.ends_with(article) &&
        folded[folded.size() - article.size() - 1] == ' ') {
      return folded.substr(0, folded.size() - article.size() - 1);
    }
  }
  return folded;
}

int edit_distance(std::string_view a, std::string_view b, int limit) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  if (std::abs(n - m) > limit) return limit + 1;
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (int j = 0; j <= m; ++j) last[static_cast<std::size_t>(j)] = j;
  for (int i = 1; i <= n; ++i) {
    int best = row[0] = i;
    for (int j = 1; j <= m; ++j) {
      const auto at = static_cast<std::size_t>(j);
      const char x = a[static_cast<std::size_t>(i - 1)], y = b[at - 1];
      int cost = std::min({last[at] + 1, row[at - 1] + 1, last[at - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == b[at - 2] && a[static_cast<std::size_t>(i - 2)] == y)
        cost = std::min(cost, before[at - 2] + 1);
      row[at] = cost;
      best = std::min(best, cost);
    }
    if (best > limit) return limit + 1;
    std::swap(before, last);
    std::swap(last, row);
  }
  return std::min(last[b.size()], limit + 1);
}

}  // namespace matinee
