#pragma once

#include <memory>
#include <string>

#include "kernels/all_reduce.h"
#include "kernels/device_allocator.h"

namespace matinee {

/// Why CUDA device `index` cannot be used, as the end of a sentence; empty where it can: a driver and a device of
/// compute capability 8.0 or later answer, and cuBLASLt can be opened. No CUDA header here: the CPU's files include
/// this.
std::string why_no_cuda_device(int index);

/// How many CUDA devices answer; none where there is no driver.
int count_cuda_devices();
/// Where the chip sits in its machine ("0000:3b:00.0"), by which two processes know that theirs is the same.
/// Throws Error(kDevice).
std::string bus_id_of_cuda_device(int index);

/// A queue of operations on that device, with its memory. Throws Error(kDevice) where it does not answer.
std::shared_ptr<DeviceAllocator> open_cuda_device(int index);

/// What kernels/all_reduce.h is on CUDA devices.
std::string why_no_nccl();
AllReduceId make_nccl_key();
std::unique_ptr<AllReduce> open_nccl_sum(DeviceAllocator& allocator, const AllReduceId& key, int rank, int size);

}  // namespace matinee
