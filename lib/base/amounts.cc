#include "lib/base/amounts.h"

#include <fmt/format.h>

#include <iterator>

namespace matinee {

std::string format_bytes(double bytes) {
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  if (bytes < 999.5) return fmt::format("{:.0f} bytes", bytes);
  std::size_t i = 0;
  for (bytes /= 1000; bytes >= 999.5 && i + 1 < std::size(kUnits); bytes /= 1000) ++i;
  // Three digits.
  return fmt::format("{:.{}f} {}", bytes, bytes < 9.995 ? 2 : bytes < 99.95 ? 1 : 0, kUnits[i]);
}

std::string format_amount(std::uint64_t amount, std::string_view unit) {
  return unit == "bytes" ? format_bytes(static_cast<double>(amount)) : fmt::format("{} {}", amount, unit);
}

std::string format_count(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string format_rate(double per_second, std::string_view unit) {
  if (unit == "bytes") return format_bytes(per_second) + "/s";
  return fmt::format("{:.{}f} {}/s", per_second, per_second < 10 ? 2 : 0, unit);
}

}  // namespace matinee
