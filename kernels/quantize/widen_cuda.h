#pragma once

// Copies of weights and inputs in the format that a product takes, all on the device.

#include "kernels/cuda/cuda_queue.h"
#include "kernels/matmul/matmul.h"

namespace matinee {

/// to [n] = elements [first, first + n) of a weight of rows of `width`, in float32.
void widen_weight(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                  std::int64_t n, float* to);
/// The same rounded to bfloat16; of int8 the codes without their scales, which bfloat16 has exactly.
void weight_to_bf16(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                    std::int64_t n, std::uint16_t* to);
/// to [n] = x rounded to bfloat16; where `column_scales` [width] are given, element (row, i) is multiplied with number
/// i of them before.
void rows_to_bf16(const CudaQueue& queue, const float* x, std::int64_t n, const float* column_scales,
                  std::int64_t width, std::uint16_t* to);

}  // namespace matinee
