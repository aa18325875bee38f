#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"

namespace matinee {

/// Which elements of x the dropout of a LoRA layer drops: a pure function of (key, element), so that the backward pass
/// makes the same mask again and nothing is stored.
struct LoraDropout {
  float drop_probability = 0;  ///< in [0, 1); kept elements are divided by 1 - drop_probability
  std::uint64_t key = 0;       ///< names seed, step and module, e.g. a hash of them
  std::int64_t first_row = 0;  ///< the index of row 0 in the whole batch, so that accumulation changes nothing
};

/// xa = drop(x)·Aᵀ;  y += scaling·xa·Bᵀ.
template <class T>
struct LoraMatmulArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0, rank = 0;
  const T* x = nullptr;       ///< [n_rows, in]
  const T* lora_A = nullptr;  ///< [rank, in]
  const T* lora_B = nullptr;  ///< [out, rank]
  float scaling = 1;          ///< lora_alpha / rank, or lora_alpha / sqrt(rank)
  LoraDropout dropout = {};
  T* xa = nullptr;  ///< [n_rows, rank], overwritten; the backward pass needs it
  T* y = nullptr;   ///< [n_rows, out], added to: the base layer's product is there already
  Product product = Product::kF32;
};
using LoraMatmulArgs = LoraMatmulArgsOf<float>;

/// grad_B += scaling·grad_yᵀ·xa;  grad_A += (scaling·grad_y·B)ᵀ·drop(x);  grad_x += drop'(scaling·grad_y·B·A).
template <class T>
struct LoraMatmulBackwardArgsOf {
  std::int64_t n_rows = 0, in = 0, out = 0, rank = 0;
  const T* grad_y = nullptr;  ///< [n_rows, out]
  const T* x = nullptr;       ///< [n_rows, in]
  const T* xa = nullptr;      ///< [n_rows, rank], from the forward pass
  const T* lora_A = nullptr;  ///< [rank, in]
  const T* lora_B = nullptr;  ///< [out, rank]
  float scaling = 1;
  LoraDropout dropout = {};
  T* grad_A = nullptr;  ///< [rank, in], added to
  T* grad_B = nullptr;  ///< [out, rank], added to
  T* grad_x = nullptr;  ///< [n_rows, in], added to; none for the first layer's input
  Product product = Product::kF32;
};
using LoraMatmulBackwardArgs = LoraMatmulBackwardArgsOf<float>;

/// The low-rank addition to a frozen linear layer, and its gradients. Any rank from 1 up. Outputs alias no input.
/// Throws Error(kInternal) for negative sizes, missing pointers, a drop_probability outside [0, 1).
/// Hu et al. 2021, "LoRA", arXiv:2106.09685, section 4.1; rsLoRA scaling: Kalajdzievski 2023, arXiv:2312.03732.
void lora_matmul_forward(Context& context, const LoraMatmulArgs& args);
void lora_matmul_backward(Context& context, const LoraMatmulBackwardArgs& args);

/// What dropout multiplies element `column` of row `row` with: 0 or 1 / (1 - drop_probability).
float lora_dropout_factor(const LoraDropout& dropout, std::int64_t in, std::int64_t row, std::int64_t column);

}  // namespace matinee
