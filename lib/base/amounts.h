#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// Bytes in decimal units with three digits: "999 bytes", "1.05 GB".
std::string format_bytes(double bytes);
/// An amount of what is counted: format_bytes() where `unit` is "bytes", else "12345 rows".
std::string format_amount(std::uint64_t amount, std::string_view unit);
/// A number of things: "1 title", "2 titles". `one` is what follows 1, `many` what follows other numbers.
std::string format_count(std::int64_t count, std::string_view one, std::string_view many);
/// An amount in a second: "310 MB/s", "12345 rows/s", "0.25 rows/s".
std::string format_rate(double per_second, std::string_view unit);

}  // namespace matinee
