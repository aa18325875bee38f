#pragma once

#include <array>
#include <cstdint>

namespace matinee {

class Context;

/// Elements that share one scale.
inline constexpr std::int64_t kAdamW8Block = 256;

/// AdamW as in kernels/adamw, with 8-bit moments: m is stored as a signed code, and r, the root of the second moment,
/// as an unsigned code, each times the largest absolute value of its block. Storing r rather than r² doubles the number
/// of powers of ten that a code covers. A nonzero r is never rounded to zero, so that an element whose gradient
/// vanishes is not divided by eps alone. The update uses the new moments before they are rounded. Dettmers et al. 2021,
/// "8-bit Optimizers via Block-wise Quantization", arXiv:2110.02861.
template <class T>
struct AdamW8ArgsOf {
  std::int64_t n = 0;
  T* param = nullptr;               ///< [n], updated
  const T* grad = nullptr;          ///< [n]
  std::uint8_t* m_codes = nullptr;  ///< [n], updated; AdamW8Codes::m
  float* m_scales = nullptr;        ///< [n / kAdamW8Block, rounded up], updated
  std::uint8_t* r_codes = nullptr;  ///< [n], updated; AdamW8Codes::r
  float* r_scales = nullptr;        ///< [n / kAdamW8Block, rounded up], updated
  double learning_rate = 0, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  std::int64_t step = 1;  ///< 1 at the first update
  float grad_scale = 1;   ///< the clipping factor
};
using AdamW8Args = AdamW8ArgsOf<float>;

/// The values of the codes, ascending. Dynamic tree quantization (section 2.2 of the paper): seven powers of ten from
/// 1e-6 on, each with twice as many values as the one below it, and zero and one.
struct AdamW8Codes {
  std::array<float, 256> m;  ///< in (-1, 1]; m[127] is 0
  std::array<float, 256> r;  ///< in [0, 1]; r[0] is 0
};
const AdamW8Codes& adamw8_codes();
/// The codes of zero.
inline constexpr std::uint8_t kAdamW8ZeroM = 127, kAdamW8ZeroR = 0;

/// Throws Error(kInternal) for a negative size, missing pointers or step < 1.
void adamw8_update(Context& context, const AdamW8Args& args);

}  // namespace matinee
