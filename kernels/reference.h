#pragma once

// The float64 reference of each operation, for tests: plain loops, never optimized. The arguments are those of the
// operation with double for float; WeightView::data is double too.

#include "kernels/op_list.h"

namespace matinee {

#define MATINEE_DECLARE(name, Args) void name##_ref(const Args##Of<double>& args);
MATINEE_OPS(MATINEE_DECLARE)
#undef MATINEE_DECLARE

/// Elements [first, first + n) of x [rows, width] quantized to `format` (int8 or NF4) and back.
void dequantized_ref(WeightFormat format, std::int64_t rows, std::int64_t width, const double* x, std::int64_t first,
                     std::int64_t n, double* y);

}  // namespace matinee
