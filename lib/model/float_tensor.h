#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// The tensor `name` of `file`, which must have this shape and hold F32, F16 or BF16. Throws Error(kMissing) or
/// Error(kBadData) naming file, tensor, what was expected and what was found.
const TensorInfo& require_float_tensor(const SafetensorsFile& file, const std::string& name,
                                       const std::vector<std::int64_t>& shape);

/// Reads elements [first, first + to.size()) of such a tensor as float32; exact for all three dtypes.
void read_floats(const SafetensorsFile& file, const TensorInfo& tensor, std::size_t first, std::span<float> to);

}  // namespace matinee
