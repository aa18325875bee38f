#pragma once

// Conversion of weights and inputs to the format of a product, on the device.

#include "kernels/cuda/cuda_queue.h"
#include "kernels/matmul/matmul.h"

namespace matinee {

/// to [n] = elements [first, first + n) of a weight with rows of `width`, as float32.
void widen_weight(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                  std::int64_t n, float* to);
/// The same as bfloat16. Of int8 weights, the codes without their scales, which bfloat16 represents exactly.
void weight_to_bf16(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                    std::int64_t n, std::uint16_t* to);
/// to [n] = x rounded to bfloat16, each column multiplied by its scale before unless column_scales [width] is null.
void rows_to_bf16(const CudaQueue& queue, const float* x, std::int64_t n, const float* column_scales,
                  std::int64_t width, std::uint16_t* to);

}  // namespace matinee
