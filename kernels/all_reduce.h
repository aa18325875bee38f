#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "kernels/device.h"

namespace matinee {

/// Adds up arrays of several processes, each on a device of its own, from device to device and beside what the devices
/// compute meanwhile.
class AllReduce {
 public:
  virtual ~AllReduce() = default;

  /// Begins to overwrite `n` numbers in the device's memory by their sums over all processes, once the device has done
  /// what its queue was given so far, and returns at once. Until finish() returns nobody may touch them. Every process
  /// begins the same sums in the same order, and each gets the same bytes.
  virtual void start(float* values, std::size_t n) = 0;
  /// Returns once all sums that were begun are there. Throws Error(kDevice) where the connection broke or another
  /// process does not answer for ten minutes; nothing can be summed any more then.
  virtual void finish() = 0;
};

/// What the processes that belong together know each other by: made by one of them, given to all.
using AllReduceId = std::array<char, 128>;

/// Why this device cannot take part, as a sentence without its end; empty where it can: it is a CUDA device, NCCL's
/// header was there when this was built, and its library can be opened.
std::string why_no_all_reduce(Device device);
/// Throws Error(kDevice).
AllReduceId make_all_reduce_id();
/// Meets the others: every process calls it, with the memory of its device, its rank and their number. The memory must
/// outlive it. Throws Error(kDevice), as where two of them have the same device.
std::unique_ptr<AllReduce> open_all_reduce(DeviceAllocator& allocator, const AllReduceId& key, int rank, int size);

}  // namespace matinee
