#pragma once

#include "kernels/lora_matmul/lora_matmul.h"

namespace matinee {

/// The last word of the Philox counters of all masks ("lora"), on every device.
inline constexpr std::uint32_t kLoraDropoutTag = 0x6c6f7261;

/// What an element's 16 random bits are compared with: fewer are dropped.
std::uint32_t lora_dropout_threshold(const LoraDropout& dropout);

/// y[0 ... in) = or += factor · x[0 ... in) for row `row`, factor as lora_dropout_factor says. y may be x.
void lora_dropout_row(const LoraDropout& dropout, std::int64_t in, std::int64_t row, const float* x, float* y,
                      bool accumulate);

}  // namespace matinee
