#pragma once

#include <functional>

#include "kernels/device_memory.h"

namespace matinee {

/// Seconds that the operations which `body` calls take on the CUDA device behind `memory`, by its own clock: from the
/// first's begin to the last's end. Waits for them.
double seconds_on_cuda(DeviceMemory& memory, const std::function<void()>& body);

}  // namespace matinee
