#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/all_reduce.h"
#include "lib/model/parameter_set.h"
#include "lib/train/communicator.h"

namespace matinee {

/// Adds the gradients of all ranks up, so that each holds the same bytes. Where their devices can do that among
/// themselves, the sums of the layers that are through run while the backward pass goes on below; else everything goes
/// through the hosts at the end.
class GradientReducer {
 public:
  /// All must outlive it; `device` null: through the hosts. Some layers are summed together, at least `bytes` of them:
  /// a message costs time whatever its length.
  GradientReducer(ParameterSet& parameters, Communicator& ranks, AllReduce* device,
                  std::size_t bytes = std::size_t{8} << 20);

  /// Gradients of this layer and those above are complete, once the device has done what was issued.
  void layer_done(std::int64_t layer);
  /// All of them are. Returns when they are summed. Throws Error(kResource) or Error(kDevice) where a rank is lost.
  void finish();

 private:
  struct Bucket {
    std::int64_t lowest_layer;  // -1: complete at the end only
    std::size_t first, size;
  };
  void start(const Bucket& bucket);

  ParameterSet& parameters_;
  Communicator& communicator_;
  AllReduce* device_;
  std::vector<Bucket> buckets_;  // in the order in which every rank sums them: from the highest layer down
  std::size_t next_ = 0;
  std::vector<float> host_;  // where gradients of a device pass through here
};

}  // namespace matinee
