#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/device_sum.h"
#include "lib/model/parameter_set.h"
#include "lib/train/ranks.h"

namespace matinee {

/// Adds the gradients of all ranks up, so that each holds the same bytes. Where their devices can do that among
/// themselves, the sums of the layers that are through run while the backward pass goes on below; else everything goes
/// through the hosts at the end.
class GradientSum {
 public:
  /// All must outlive it; `device` null: through the hosts. Some layers are summed together, at least `bytes` of them:
  /// a message costs time whatever its length.
  GradientSum(ParameterSet& parameters, Ranks& ranks, DeviceSum* device, std::size_t bytes = std::size_t{8} << 20);

  /// Gradients of this layer and those above are complete, once the device has done what was issued.
  void layer_done(std::int64_t layer);
  /// All of them are. Returns when they are summed. Throws Error(kResource) or Error(kDevice) where a rank is lost.
  void finish();

 private:
  struct Piece {
    std::int64_t lowest_layer;  // -1: complete at the end only
    std::size_t first, size;
  };
  void start(const Piece& piece);

  ParameterSet& parameters_;
  Ranks& ranks_;
  DeviceSum* device_;
  std::vector<Piece> pieces_;  // in the order in which every rank sums them: from the highest layer down
  std::size_t next_ = 0;
  std::vector<float> host_;  // where gradients of a device pass through here
};

}  // namespace matinee
