#pragma once

// The CPU's version of each operation, defined in *_cpu.cc.

#include "kernels/ops.h"

namespace matinee {

#define MATINEE_DECLARE(name, Args) void name##_cpu(Context& context, const Args& args);
MATINEE_OPS(MATINEE_DECLARE)
#undef MATINEE_DECLARE

}  // namespace matinee
