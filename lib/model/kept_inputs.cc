#include "lib/model/kept_inputs.h"

namespace matinee {

KeptInputs::KeptInputs(const std::shared_ptr<DeviceMemory>& memory, std::size_t layers, std::size_t floats, bool aside)
    : layers_(layers) {
  if (aside && layers > kTurns) stash_ = memory->stash(layers - kTurns, floats * sizeof(float));
  buffers_.resize(stash_ != nullptr ? kTurns : layers);
  for (DeviceBuffer<float>& buffer : buffers_) buffer = {memory, floats};
}

void KeptInputs::keep(std::size_t layer, std::size_t floats) {
  if (goes_aside(layer)) stash_->put(layer, of(layer), floats * sizeof(float));
  // The next layer's input takes the place of the one before.
  if (layer > 0 && goes_aside(layer - 1)) stash_->wait(layer - 1);
}

void KeptInputs::bring_back(std::size_t layer, std::size_t floats) {
  if (goes_aside(layer)) stash_->wait(layer);
  if (layer > 0 && goes_aside(layer - 1)) stash_->fetch(layer - 1, of(layer - 1), floats * sizeof(float));
}

}  // namespace matinee
