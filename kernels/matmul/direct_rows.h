#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// Up to this number of rows of x, products on the context's device read weights once, in their own format. x stays
/// float32; with int8 codes and MatmulPrecision::kBF16 it is rounded to 16 bits in blocks (docs/design.md). More rows
/// pay for a copy of the weights that is widened or packed.
std::int64_t direct_rows(const Context& context);

}  // namespace matinee
