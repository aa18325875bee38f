#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/dtype.h"

namespace matinee {

/// "[12, 8]".
std::string shape_text(const std::vector<std::int64_t>& shape);
/// Whether these are numbers that a model's tensor may hold: F32, F16 or BF16.
bool is_float(DType dtype);
/// Converts numbers of such a dtype, which may begin at any address, to float32; exact. `bytes` holds to.size() of
/// them.
void to_floats(DType dtype, std::span<const std::byte> bytes, std::span<float> to);

}  // namespace matinee
