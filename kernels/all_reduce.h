#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "kernels/device.h"

namespace matinee {

/// Sums arrays over several processes, each with a device of its own, from device to device and concurrently with the
/// devices' operations.
class AllReduce {
 public:
  virtual ~AllReduce() = default;

  /// Starts to replace `n` numbers in the device's memory by their sums over all processes, after the operations issued
  /// so far, and returns at once. They must not be read or written until finish() returns. Every process must start the
  /// same sums in the same order; all get the same bytes.
  virtual void start(float* values, std::size_t n) = 0;
  /// Waits for all sums that were started. Throws Error(kDevice) if the connection breaks or another process does not
  /// answer for ten minutes; no further sum can be started then.
  virtual void finish() = 0;
};

/// Identifies a group of processes: created by one of them and passed to the others.
using AllReduceId = std::array<char, 128>;

/// Why this device cannot take part, as the end of a sentence; empty if it can: it is a CUDA device, the build had
/// NCCL's header, and NCCL's library can be opened.
std::string why_no_all_reduce(Device device);
/// Throws Error(kDevice).
AllReduceId make_all_reduce_id();
/// Connects with the other processes of the group: each calls it with the allocator of its device, which must outlive
/// the result, its rank and their number. Throws Error(kDevice), also if two of them have the same device.
std::unique_ptr<AllReduce> open_all_reduce(DeviceAllocator& allocator, const AllReduceId& id, int rank, int size);

}  // namespace matinee
