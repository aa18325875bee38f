#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// x[i] = cap·tanh(x[i] / cap), in place: bounds logits softly. The gradient is part of cross_entropy.
template <class T>
struct SoftcapArgsOf {
  std::int64_t n = 0;
  float cap = 0;  ///< positive
  T* x = nullptr;
};
using SoftcapArgs = SoftcapArgsOf<float>;

/// Throws Error(kInternal) for a negative size, a missing pointer or a cap that is not positive. Gemma Team 2024,
/// "Gemma 2", arXiv:2408.00118, section 2.
void softcap(Context& context, const SoftcapArgs& args);

}  // namespace matinee
