#pragma once

#include <cstddef>
#include <cstdint>

namespace matinee {

/// IEEE 754 binary16 as bits. To half: to nearest, ties to even, too large becomes infinite; NaN stays NaN.
std::uint16_t to_half(float value);
float half_to_float(std::uint16_t bits);
/// n of them.
void halves_to_floats(const std::uint16_t* from, std::size_t n, float* to);

}  // namespace matinee
