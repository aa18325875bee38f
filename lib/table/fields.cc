#include "lib/table/fields.h"

#include <immintrin.h>

#include <bit>
#include <charconv>

#include "lib/table/block_format.h"
#include "lib/table/table_block.h"

namespace matinee {
namespace {

constexpr std::size_t kStep = 64;

std::uint64_t equal_bytes(__m256i low, __m256i high, char wanted) {
  const __m256i all = _mm256_set1_epi8(wanted);
  const auto first = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, all)));
  const auto second = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, all)));
  return first | static_cast<std::uint64_t>(second) << 32;
}

bool all_zeros(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

void find_separators(std::string_view text, Separators& out) {
  out.newlines = 0;
  bool returns_end_lines = false, after_return = false;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < text.size(); begin += kStep) {
    // Eight places are written at once, beyond the last that counts.
    if (out.places.size() < count + 2 * kStep) out.places.resize(out.places.size() * 2 + 4 * kStep);
    const char* p = text.data() + begin;
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32));
    const std::size_t left = text.size() - begin;
    const std::uint64_t known = left >= kStep ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    const std::uint64_t newlines = equal_bytes(low, high, '\n') & known;
    const std::uint64_t returns = equal_bytes(low, high, '\r') & known;
    std::uint64_t found = newlines | (equal_bytes(low, high, '\t') & known);
    out.newlines += static_cast<std::size_t>(std::popcount(newlines));
    returns_end_lines |= (newlines & (returns << 1 | static_cast<std::uint64_t>(after_return))) != 0;
    after_return = returns >> 63 != 0;
    const auto number = static_cast<std::size_t>(std::popcount(found));
    std::uint32_t* to = out.places.data() + count;
    for (std::size_t done = 0; done < number; done += 8) {
      for (std::size_t i = 0; i < 8; ++i) {
        to[done + i] = static_cast<std::uint32_t>(begin) + static_cast<std::uint32_t>(std::countr_zero(found));
        found &= found - 1;
      }
    }
    count += number;
  }
  out.count = count;
  out.carriage_returns = returns_end_lines;
}

std::optional<ParsedNumber> parse_number(std::string_view text, const ColumnSpec& column) {
  if (text == "\\N") return ParsedNumber{kMissingValue, true};
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::int32_t value = 0;
  const auto [stop, code] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (code != std::errc{} || stop != whole.data() + whole.size() || whole.front() == '-') return {};
  bool canonical = whole == "0" || whole.front() != '0';
  const std::string_view decimals = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (column.type == ColumnType::kTenths) {
    if (value > column.high / 10) return {};
    value *= 10;
    if (point != std::string_view::npos) {
      if (decimals.size() != 1 || decimals[0] < '0' || decimals[0] > '9') return {};
      value += decimals[0] - '0';
    }
    canonical = canonical && point != std::string_view::npos;
  } else if (point != std::string_view::npos) {
    if (decimals.empty() || !all_zeros(decimals)) return {};
    canonical = false;
  }
  if (value < column.low || value > column.high) return {};
  return ParsedNumber{value, canonical};
}

std::uint32_t canonical_id(std::string_view text, const char* prefix) {
  if (text.size() < 2 + kIdDigits || text[0] != prefix[0] || text[1] != prefix[1]) return kNoId;
  if (text.size() > 2 + kIdDigits && text[2] == '0') return kNoId;
  std::uint32_t number = 0;
  const auto [stop, code] = std::from_chars(text.data() + 2, text.data() + text.size(), number);
  return code == std::errc{} && stop == text.data() + text.size() ? number : kNoId;
}

}  // namespace matinee
