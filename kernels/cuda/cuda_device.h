#pragma once

#include <memory>
#include <string>

#include "kernels/device_memory.h"

namespace matinee {

/// Why CUDA device `index` cannot be used, as the end of a sentence; empty where it can: a driver and a device of
/// compute capability 8.0 or later answer, and cuBLASLt can be opened. No CUDA header here: the CPU's files include
/// this.
std::string why_no_cuda_device(int index);

/// A queue of operations on that device, with its memory. Throws Error(kDevice) where it does not answer.
std::shared_ptr<DeviceMemory> open_cuda_device(int index);

}  // namespace matinee
