#pragma once

#include "kernels/lora_matmul/lora_matmul.h"

namespace matinee {

/// y = or += mask∘x, where the mask's factors are those of lora_dropout_factor; and where asked for rest = x - mask∘x.
template <class T>
struct DropoutArgsOf {
  std::int64_t n_rows = 0, width = 0;
  LoraDropout dropout = {};
  const T* x = nullptr;     ///< [n_rows, width]
  T* y = nullptr;           ///< [n_rows, width]; may be x where there is no rest
  bool accumulate = false;  ///< y is added to; there is no rest then
  T* rest = nullptr;        ///< [n_rows, width], overwritten; or none
};
using DropoutArgs = DropoutArgsOf<float>;

/// What DoRA needs of dropout beside the products, which drop by themselves. Throws Error(kInternal) for negative
/// sizes, missing pointers, or a drop_probability outside [0, 1).
void dropout_rows(Context& context, const DropoutArgs& args);

}  // namespace matinee
