#include "lib/model/finite_values.h"

#include <algorithm>
#include <bit>
#include <string>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// All bits of the exponent are set in NaN and infinity only.
bool is_finite(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7f800000u) != 0x7f800000u; }
bool is_finite(bf16 value) { return (value.bits & 0x7f80u) != 0x7f80u; }
double number(float value) { return static_cast<double>(value); }
double number(bf16 value) { return static_cast<double>(to_float(value)); }

template <class T>
void check(std::span<const T> values, std::size_t first, const std::vector<std::int64_t>& shape) {
  std::size_t finite = 0;  // a count vectorizes, a search does not
  for (const T value : values) finite += is_finite(value) ? 1 : 0;
  if (finite == values.size()) return;
  const auto found = std::find_if(values.begin(), values.end(), [](T value) { return !is_finite(value); });
  throw bad_data("element {} is {}", index_text(first + static_cast<std::size_t>(found - values.begin()), shape),
                 number(*found));
}

}  // namespace

std::string index_text(std::size_t at, const std::vector<std::int64_t>& shape) {
  std::string text = "]";
  for (std::size_t d = shape.size(); d-- > 0;) {
    const auto extent = static_cast<std::size_t>(shape[d]);
    text.insert(0, std::to_string(d == 0 ? at : at % extent));
    if (d > 0) text.insert(0, ", ");
    at /= extent;
  }
  return "[" + text;
}

void require_finite(std::span<const float> values, std::size_t first, const std::vector<std::int64_t>& shape) {
  check(values, first, shape);
}

void require_finite(std::span<const bf16> values, std::size_t first, const std::vector<std::int64_t>& shape) {
  check(values, first, shape);
}

}  // namespace matinee
