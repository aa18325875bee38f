#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"

namespace matinee {

/// norms[o] = the length of row o of W + scaling·B·A.
template <class T>
struct DoraNormsArgsOf {
  std::int64_t out = 0, in = 0, rank = 0;
  WeightView weight = {};     ///< W [out, in]
  const T* lora_A = nullptr;  ///< [rank, in]
  const T* lora_B = nullptr;  ///< [out, rank]
  float scaling = 1;
  T* norms = nullptr;  ///< [out], overwritten; squares summed in float64
};
using DoraNormsArgs = DoraNormsArgsOf<float>;

/// y = or += (magnitude / norms)∘z, plus the bias, for every row of z.
template <class T>
struct DoraScaleArgsOf {
  std::int64_t n_rows = 0, out = 0;
  const T* z = nullptr;          ///< [n_rows, out]
  const T* magnitude = nullptr;  ///< [out]
  const T* norms = nullptr;      ///< [out], from dora_norms
  const T* bias = nullptr;       ///< [out], or none
  T* y = nullptr;                ///< [n_rows, out]; may be z
  bool accumulate = false;       ///< y is added to
};
using DoraScaleArgs = DoraScaleArgsOf<float>;

/// grad_z = (magnitude / norms)∘grad_y; through = grad_z - grad_y if given; grad_magnitude += Σ grad_y∘z / norms
/// over the rows in order. The norms are treated as constants.
template <class T>
struct DoraBackwardArgsOf {
  std::int64_t n_rows = 0, out = 0;
  const T* grad_y = nullptr;     ///< [n_rows, out]
  const T* z = nullptr;          ///< [n_rows, out]
  const T* magnitude = nullptr;  ///< [out]
  const T* norms = nullptr;      ///< [out]
  T* grad_z = nullptr;           ///< [n_rows, out], overwritten
  T* through = nullptr;          ///< [n_rows, out], overwritten; or none
  T* grad_magnitude = nullptr;   ///< [out], added to
};
using DoraBackwardArgs = DoraBackwardArgsOf<float>;

/// The parts of a DoRA layer besides its matrix products (Liu et al. 2024, arXiv:2402.09353, sections 4.1 and 4.3);
/// lib/model/adapted_linear.h has the whole layer. Outputs alias no input except as stated. Throw Error(kInternal) for
/// negative sizes, missing pointers or an invalid weight.
void dora_norms(Context& context, const DoraNormsArgs& args);
void dora_scale(Context& context, const DoraScaleArgs& args);
void dora_backward(Context& context, const DoraBackwardArgs& args);

}  // namespace matinee
