#pragma once

#include <cstdint>

#include "lib/base/dtype.h"

namespace matinee {

class Context;

/// Elements from one rounded row to the next: a multiple of 8, so that rows keep the first one's alignment of 16 bytes.
constexpr std::int64_t bf16_stride(std::int64_t width) { return (width + 7) / 8 * 8; }

/// y = x rounded to bfloat16, to nearest, ties to even; zero beyond the width.
template <class T>
struct RoundBf16ArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* x = nullptr;  ///< [n_rows, width]
  bf16* y = nullptr;     ///< [n_rows, bf16_stride(width)], overwritten
};
using RoundBf16Args = RoundBf16ArgsOf<float>;

/// Several products of one x then read half the bytes and share the rounding. Throws Error(kInternal) for negative
/// sizes or missing pointers.
void round_bf16(Context& context, const RoundBf16Args& args);

}  // namespace matinee
