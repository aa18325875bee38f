#pragma once

// Forward products of up to direct_rows() rows of x, which read each weight once in its own format.

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "kernels/matmul/matmul_kernels.h"

namespace matinee {

/// y (=, or += if accumulate) x·Wᵀ; args.bias is not used. Scratch: a copy of x, and some rows of W per worker if NF4
/// blocks cross the borders of rows.
void forward_few_rows(Context& context, const MatmulArgs& args, bool accumulate);

/// The address of an element of a matrix that is not NF4.
const void* element(const WeightView& weight, std::int64_t index);
/// The rows from `element`, which begins a block, to the end of an NF4 matrix.
Nf4Rows nf4_rows(const WeightView& weight, std::int64_t element);

}  // namespace matinee
