#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/matmul/matmul.h"

namespace matinee {

/// The dropout mask on the input of a LoRA layer: a pure function of (key, element), so that the backward pass
/// recomputes it and no mask is stored.
struct LoraDropout {
  float drop_probability = 0;  ///< in [0, 1); kept elements are divided by 1 - drop_probability
  std::uint64_t key = 0;       ///< identifies seed, step and module, e.g. a hash of them
  std::int64_t first_row = 0;  ///< index of row 0 in the whole batch: the same masks with gradient accumulation
};

/// The largest number of adapters that share an x.
inline constexpr std::size_t kMaxLoraParts = 4;

/// Adapters that share an x, held by value, because a captured graph outlives the caller's arrays.
template <class Part>
class LoraParts {
 public:
  LoraParts() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a range of parts is what arguments are given
  LoraParts(std::span<const Part> parts) : size_(parts.size()) {
    std::copy_n(parts.begin(), std::min(size_, kMaxLoraParts), parts_.begin());
  }
  // NOLINTNEXTLINE(google-explicit-constructor)
  LoraParts(const std::vector<Part>& parts) : LoraParts(std::span<const Part>(parts)) {}

  /// The number of parts given; operations refuse more than kMaxLoraParts.
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Part& operator[](std::size_t i) const { return parts_[i]; }
  const Part* begin() const { return parts_.data(); }
  const Part* end() const { return parts_.data() + std::min(size_, kMaxLoraParts); }

 private:
  std::array<Part, kMaxLoraParts> parts_ = {};
  std::size_t size_ = 0;
};

/// One adapter: xa = drop(x)·Aᵀ;  y += scaling·xa·Bᵀ.
template <class T>
struct LoraPartOf {
  std::int64_t out = 0, rank = 0;
  const T* lora_A = nullptr;  ///< [rank, in]
  const T* lora_B = nullptr;  ///< [out, rank]
  float scaling = 1;          ///< lora_alpha / rank, or lora_alpha / sqrt(rank)
  LoraDropout dropout = {};
  T* xa = nullptr;  ///< [n_rows, rank], overwritten; for the backward pass
  T* y = nullptr;   ///< [n_rows, out], added to; it holds the base layer's product
};
using LoraPart = LoraPartOf<float>;

/// 1 to kMaxLoraParts adapters, each with its own y; x is read once.
template <class T>
struct LoraMatmulArgsOf {
  std::int64_t n_rows = 0, in = 0;
  const T* x = nullptr;          ///< [n_rows, in]
  const bf16* x_bf16 = nullptr;  ///< x rounded by round_bf16(), or none; see takes_rounded()
  LoraParts<LoraPartOf<T>> parts = {};
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using LoraMatmulArgs = LoraMatmulArgsOf<float>;

/// One adapter backwards: grad_B += scaling·grad_yᵀ·xa;  t = scaling·grad_y·B;  grad_A += tᵀ·drop(x).
template <class T>
struct LoraBackwardPartOf {
  std::int64_t out = 0, rank = 0;
  const T* grad_y = nullptr;  ///< [n_rows, out]
  const T* xa = nullptr;      ///< [n_rows, rank], from the forward pass
  const T* lora_A = nullptr;  ///< [rank, in]
  const T* lora_B = nullptr;  ///< [out, rank]
  float scaling = 1;
  LoraDropout dropout = {};
  T* grad_A = nullptr;  ///< [rank, in], added to; parts with the same lora_A may share it
  T* grad_B = nullptr;  ///< [out, rank], added to
};
using LoraBackwardPart = LoraBackwardPartOf<float>;

/// The gradients of 1 to kMaxLoraParts adapters; x is read once. grad_x += the sum of all drop'(t·A), in one pass.
template <class T>
struct LoraMatmulBackwardArgsOf {
  std::int64_t n_rows = 0, in = 0;
  const T* x = nullptr;  ///< [n_rows, in]
  LoraParts<LoraBackwardPartOf<T>> parts = {};
  T* grad_x = nullptr;  ///< [n_rows, in], added to; none for the first layer's input
  MatmulPrecision precision = MatmulPrecision::kF32;
};
using LoraMatmulBackwardArgs = LoraMatmulBackwardArgsOf<float>;

/// The low-rank additions to frozen linear layers that share their input, and their gradients. Any rank from 1 up.
/// Outputs alias no input and, except grad_A, not each other. Throws Error(kInternal) for negative sizes, a rank of 0,
/// missing pointers, no parts or more than kMaxLoraParts, a drop_probability outside [0, 1).
/// Hu et al. 2021, "LoRA", arXiv:2106.09685, section 4.1; rsLoRA scaling: Kalajdzievski 2023, arXiv:2312.03732.
void lora_matmul_forward(Context& context, const LoraMatmulArgs& args);
void lora_matmul_backward(Context& context, const LoraMatmulBackwardArgs& args);

/// The factor of dropout for element `column` of row `row`: 0 or 1 / (1 - drop_probability).
float lora_dropout_factor(const LoraDropout& dropout, std::int64_t in, std::int64_t row, std::int64_t column);

}  // namespace matinee
