#pragma once

#include "kernels/cuda/cuda_queue.h"
#include "kernels/matmul/matmul.h"

namespace matinee {

/// matmul_forward for 1 to kGemvRows rows and in > 0, with weights of any format; x is not rounded.
void gemv(const CudaQueue& queue, const MatmulArgs& args);

}  // namespace matinee
