#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// Up to this number of rows of x, products on the context's device read weights once, in their own format, and x stays
/// float32. More rows pay for a copy of the weights that is widened or packed.
std::int64_t direct_rows(const Context& context);

}  // namespace matinee
