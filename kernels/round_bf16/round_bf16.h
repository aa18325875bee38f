#pragma once

#include <cstdint>

#include "lib/base/dtype.h"

namespace matinee {

class Context;

/// Elements of a row of rounded numbers: a multiple of 8, so that where the first row begins at 16 bytes, all do.
constexpr std::int64_t bf16_stride(std::int64_t width) { return (width + 7) / 8 * 8; }

/// y = x rounded to bfloat16, zero beyond the width.
template <class T>
struct RoundBf16ArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* x = nullptr;  ///< [n_rows, width]
  bf16* y = nullptr;     ///< [n_rows, bf16_stride(width)], overwritten
};
using RoundBf16Args = RoundBf16ArgsOf<float>;

/// What several products of one x read in its place: half the bytes, rounded once. To nearest, ties to even. Throws
/// Error(kInternal) for negative sizes or missing pointers.
void round_bf16(Context& context, const RoundBf16Args& args);

}  // namespace matinee
