#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/base/dtype.h"

namespace matinee {

/// "[70, 3]": the index of element `at` of a tensor of this shape, counted row by row.
std::string index_text(std::size_t at, const std::vector<std::int64_t>& shape);
/// Throws Error(kBadData) "element [70, 3] is -inf" where a value is NaN or infinite. `values` are elements from
/// `first` on of a tensor of this shape, row by row. One pass at the speed of memory.
void require_finite(std::span<const float> values, std::size_t first, const std::vector<std::int64_t>& shape);
void require_finite(std::span<const bf16> values, std::size_t first, const std::vector<std::int64_t>& shape);

}  // namespace matinee
