#pragma once

#include <functional>

#include "kernels/device_allocator.h"

namespace matinee {

/// Seconds that the operations which `body` calls take on the CUDA device behind `memory`, by its own clock: from the
/// first's begin to the last's end. Waits for them.
double seconds_on_cuda(DeviceAllocator& allocator, const std::function<void()>& body);

}  // namespace matinee
