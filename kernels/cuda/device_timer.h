#pragma once

#include <functional>

#include "kernels/device_allocator.h"

namespace matinee {

/// The time in seconds that the operations issued by `body` take on a CUDA device, measured by the device's clock from
/// the start of the first to the end of the last. Waits for them.
double seconds_on_cuda(DeviceAllocator& allocator, const std::function<void()>& body);

}  // namespace matinee
