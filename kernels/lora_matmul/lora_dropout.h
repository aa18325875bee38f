#pragma once

#include "kernels/lora_matmul/lora_matmul.h"

namespace matinee {

/// The last word of the Philox counters of all masks ("lora"), on every device.
inline constexpr std::uint32_t kLoraDropoutTag = 0x6c6f7261;

/// The threshold of an element's 16 random bits: it is dropped if they are below.
std::uint32_t lora_dropout_threshold(const LoraDropout& dropout);

/// Whether both drop the same elements, or drop none.
bool same_mask(const LoraDropout& a, const LoraDropout& b);

/// y[0 ... n) = or += factor · x[0 ... n), which are columns [first, first + n) of row `row`, `first` a multiple of 64,
/// with the factors of lora_dropout_factor. y may be x.
void lora_dropout_row(const LoraDropout& dropout, std::int64_t row, std::int64_t first, std::int64_t n, const float* x,
                      float* y, bool accumulate);

}  // namespace matinee
