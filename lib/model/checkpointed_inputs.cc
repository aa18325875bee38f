#include "lib/model/checkpointed_inputs.h"

namespace matinee {

CheckpointedInputs::CheckpointedInputs(const std::shared_ptr<DeviceAllocator>& allocator, std::size_t layers,
                                       std::size_t floats, bool aside)
    : layers_(layers) {
  if (aside && layers > kTurns) offload_ = allocator->offload(layers - kTurns, floats * sizeof(float));
  buffers_.resize(offload_ != nullptr ? kTurns : layers);
  for (DeviceBuffer<float>& buffer : buffers_) buffer = {allocator, floats};
}

void CheckpointedInputs::keep(std::size_t layer, std::size_t floats) {
  if (goes_aside(layer)) offload_->put(layer, of(layer), floats * sizeof(float));
  // The next layer's input takes the place of the one before.
  if (layer > 0 && goes_aside(layer - 1)) offload_->wait(layer - 1);
}

void CheckpointedInputs::fetch(std::size_t layer, std::size_t floats) {
  if (goes_aside(layer)) offload_->wait(layer);
  if (layer > 0 && goes_aside(layer - 1)) offload_->fetch(layer - 1, of(layer - 1), floats * sizeof(float));
}

}  // namespace matinee
