#pragma once

#include <cuda_runtime_api.h>

namespace matinee {

/// Throws Error(kDevice) with `what` and CUDA's description unless `status` is cudaSuccess.
void check_cuda(cudaError_t status, const char* what);

}  // namespace matinee
