#pragma once

#include <memory>
#include <string>

#include "kernels/all_reduce.h"
#include "kernels/device_allocator.h"

namespace matinee {

// The CUDA devices as the rest of kernels/ sees them. No CUDA header is included here, since files that are built
// without the toolkit include this one.

/// Why CUDA device `index` cannot be used, as the end of a sentence; empty if it can: the driver and a device of
/// compute capability 8.0 or later answer, and cuBLASLt can be opened.
std::string why_no_cuda_device(int index);

/// The number of CUDA devices; 0 without a driver.
int count_cuda_devices();
/// The device's PCI bus id ("0000:3b:00.0"), by which two processes detect that they share a device.
/// Throws Error(kDevice).
std::string bus_id_of_cuda_device(int index);

/// A queue of operations on that device, with its memory. Throws Error(kDevice) if the device does not answer.
std::shared_ptr<DeviceAllocator> open_cuda_device(int index);

/// The functions of kernels/all_reduce.h for CUDA devices.
std::string why_no_nccl();
AllReduceId make_nccl_id();
std::unique_ptr<AllReduce> open_nccl_all_reduce(DeviceAllocator& allocator, const AllReduceId& id, int rank, int size);

}  // namespace matinee
