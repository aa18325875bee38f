#pragma once

#include "kernels/lora_matmul/lora_matmul.h"

namespace matinee {

/// y = or += mask∘x with the factors of lora_dropout_factor(), and rest = x - mask∘x if given.
template <class T>
struct DropoutArgsOf {
  std::int64_t n_rows = 0, width = 0;
  LoraDropout dropout = {};
  const T* x = nullptr;     ///< [n_rows, width]
  T* y = nullptr;           ///< [n_rows, width]; may be x if `rest` is not given
  bool accumulate = false;  ///< y is added to; `rest` is not given then
  T* rest = nullptr;        ///< [n_rows, width], overwritten; or none
};
using DropoutArgs = DropoutArgsOf<float>;

/// Dropout for DoRA outside of the matrix products, which apply it themselves. Throws Error(kInternal) for negative
/// sizes, missing pointers, or a drop_probability outside [0, 1).
void dropout_rows(Context& context, const DropoutArgs& args);

}  // namespace matinee
