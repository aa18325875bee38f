#pragma once

#include "kernels/cuda/cuda_queue.h"
#include "kernels/matmul/matmul.h"

namespace matinee {

/// Up to so many rows of x the weights are streamed once and multiplied in float32 as they come.
inline constexpr std::int64_t kGemvRows = 4;

/// matmul_forward for 1 to kGemvRows rows and in > 0, from weights of any format; x stays float32.
void gemv(const CudaQueue& queue, const MatmulArgs& args);

}  // namespace matinee
