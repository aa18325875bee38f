#pragma once

// CUDA's version of each operation, defined in *_cuda.cu.

#include "kernels/ops.h"

namespace matinee {

#define MATINEE_DECLARE(name, Args) void name##_cuda(Context& context, const Args& args);
MATINEE_OPS(MATINEE_DECLARE)
#undef MATINEE_DECLARE

}  // namespace matinee
