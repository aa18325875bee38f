#include "lib/model/checkpointed_inputs.h"

namespace matinee {

CheckpointedInputs::CheckpointedInputs(const std::shared_ptr<DeviceAllocator>& allocator, std::size_t layers,
                                       std::size_t floats, bool offload)
    : layers_(layers) {
  if (offload && layers > kAlternating) offload_ = allocator->offload(layers - kAlternating, floats * sizeof(float));
  buffers_.resize(offload_ != nullptr ? kAlternating : layers);
  for (DeviceBuffer<float>& buffer : buffers_) buffer = {allocator, floats};
}

void CheckpointedInputs::keep(std::size_t layer, std::size_t floats) {
  if (is_offloaded(layer)) offload_->put(layer, of(layer), floats * sizeof(float));
  // The next layer writes its input to the buffer of the layer before.
  if (layer > 0 && is_offloaded(layer - 1)) offload_->wait(layer - 1);
}

void CheckpointedInputs::fetch(std::size_t layer, std::size_t floats) {
  if (is_offloaded(layer)) offload_->wait(layer);
  if (layer > 0 && is_offloaded(layer - 1)) offload_->fetch(layer - 1, of(layer - 1), floats * sizeof(float));
}

}  // namespace matinee
