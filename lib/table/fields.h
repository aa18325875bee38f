// The fields of lines of text, found by their separators, and the numbers in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "lib/table/imdb_schema.h"

namespace matinee {

/// Bytes that must be readable before and behind a text that is scanned.
inline constexpr std::size_t kFieldPadding = 64;

/// The places of the tabs and line feeds of a text, in order.
struct Separators {
  std::vector<std::uint32_t> places;  ///< may be longer than `count`
  std::size_t count = 0;
  std::size_t newlines = 0;
  bool carriage_returns = false;  ///< a line feed follows a carriage return
};

/// Requires kFieldPadding readable bytes behind the text, and less than 4 GiB of it.
void find_separators(std::string_view text, Separators& out);

/// Rows of a text, all with the same number of fields.
struct Fields {
  const char* text = nullptr;
  const std::uint32_t* ends = nullptr;  ///< where each field ends, row by row
  std::uint32_t rows = 0;
  std::size_t columns = 0;

  std::string_view at(std::size_t row, std::size_t column) const {
    const std::size_t i = row * columns + column;
    const char* begin = i == 0 ? text : text + ends[i - 1] + 1;
    return {begin, static_cast<std::size_t>(text + ends[i] - begin)};
  }
};

inline std::uint64_t load64(const char* p) {
  std::uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

/// Whether a field is \N. One more byte than the field must be readable.
inline bool is_null_field(std::string_view field) {
  std::uint16_t two;
  std::memcpy(&two, field.data(), sizeof two);
  return field.size() == 2 && two == ('\\' | 'N' << 8);
}

/// The first `size` bytes of a word, 1 to 8; the others become 0.
inline std::uint64_t first_bytes(std::uint64_t word, std::size_t size) {
  return word & ~std::uint64_t{0} >> (64 - 8 * size);
}

/// Whether two fields are equal. kFieldPadding bytes around them must be readable.
inline bool equal_fields(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() > 16) return std::memcmp(a.data(), b.data(), a.size()) == 0;
  if (a.empty()) return true;
  const std::uint64_t first = load64(a.data()) ^ load64(b.data());
  if (a.size() <= 8) return first_bytes(first, a.size()) == 0;
  return first == 0 && load64(a.data() + a.size() - 8) == load64(b.data() + a.size() - 8);
}

/// Reads 1 to 8 digits; false where a character is none. The 8 bytes that end where the digits end must be readable.
inline bool read_digits(const char* end, std::size_t size, std::uint32_t& value) {
  if (size - 1 >= 8) return false;
  const std::uint64_t zeros = 0x3030303030303030;
  const std::uint64_t others = size == 8 ? 0 : ~std::uint64_t{0} >> (8 * size);  // bytes before the digits
  std::uint64_t digits = (load64(end - 8) & ~others) | (zeros & others);
  const std::uint64_t high = 0xF0F0F0F0F0F0F0F0;
  if (((digits & high) | ((digits + 0x0606060606060606) & high) >> 4) != 0x3333333333333333) return false;
  digits -= zeros;
  digits = digits * 10 + (digits >> 8);
  value = static_cast<std::uint32_t>((((digits & 0x000000FF000000FF) * 0x000F424000000064) +
                                      (((digits >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
                                     32);
  return true;
}

struct ParsedNumber {
  std::int32_t value;  ///< kMissingValue for \N
  bool canonical;      ///< printing the number gives the same text
};

/// A number of a column, within its bounds. Leading zeros, a whole number of tenths ("8") and a whole number with a
/// point and zeros ("5.0", as pandas writes it) are not canonical. Nothing for other texts.
std::optional<ParsedNumber> parse_number(std::string_view text, const ColumnSpec& column);

/// The number of an id that is written with this prefix and at least 7 digits, zeros before shorter numbers only; kNoId
/// for others.
std::uint32_t canonical_id(std::string_view text, const char* prefix);

}  // namespace matinee
