#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/all_reduce.h"
#include "lib/model/parameter_set.h"
#include "lib/train/communicator.h"

namespace matinee {

/// Sums the gradients over all ranks; afterwards every rank has the same bytes. With an AllReduce between devices, the
/// layers are reduced in buckets while the backward pass continues below them; otherwise all gradients are reduced
/// through the hosts at the end.
class GradientReducer {
 public:
  /// All must outlive this; `device` null: through the hosts. A bucket has whole layers of at least `bytes` in all,
  /// since each message has a fixed cost.
  GradientReducer(ParameterSet& parameters, Communicator& communicator, AllReduce* device,
                  std::size_t bytes = std::size_t{8} << 20);

  /// Call it when the gradients of this layer and those above are complete after the operations issued so far.
  void layer_done(std::int64_t layer);
  /// Call it when all gradients are complete. Returns when they are summed. Throws Error(kResource) or Error(kDevice)
  /// when a rank is lost.
  void finish();

 private:
  struct Bucket {
    std::int64_t lowest_layer;  // -1: complete only at the end
    std::size_t first, size;
  };
  void start(const Bucket& bucket);

  ParameterSet& parameters_;
  Communicator& communicator_;
  AllReduce* device_;
  std::vector<Bucket> buckets_;  // in the order of reduction on every rank: from the highest layer down
  std::size_t next_ = 0;
  std::vector<float> host_;  // staging of a device's gradients
};

}  // namespace matinee
