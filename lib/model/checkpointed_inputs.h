#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// The stream before each layer, which the backward pass wants again. Either every layer has a buffer of its own, or
/// two take turns and what they held waits in the host's memory: it goes there while the next layers run, and comes
/// back while the backward pass is still at the layer above, so copies cost no time where the bus keeps up.
class CheckpointedInputs {
 public:
  CheckpointedInputs() = default;
  /// Of `layers` layers, up to `floats` each. `aside`: in turns, where the memory is not the host's own.
  CheckpointedInputs(const std::shared_ptr<DeviceAllocator>& allocator, std::size_t layers, std::size_t floats,
                     bool aside);

  std::size_t layers() const { return layers_; }
  /// Where a layer's input lies. In turns it is the place of the layer two further, too.
  float* of(std::size_t layer) { return buffers_[buffers_.size() < layers_ ? layer % kTurns : layer].data(); }

  /// In a forward pass that a backward pass follows: the layer's first `floats` are whole, and from now on of(layer +
  /// 1) may be written to.
  void keep(std::size_t layer, std::size_t floats);
  /// In the backward pass, from the last layer to the first, each once: makes of(layer) what it was. From now on
  /// of(layer + 1) is nobody's to write to.
  void fetch(std::size_t layer, std::size_t floats);

  /// Of `layers` layers, how many inputs lie beside the activations, and how many on the host.
  static std::int64_t on_device(std::int64_t layers, bool aside) { return aside && layers > kTurns ? kTurns : layers; }
  static std::int64_t on_host(std::int64_t layers, bool aside) { return layers - on_device(layers, aside); }

 private:
  static constexpr std::int64_t kTurns = 2;
  /// The last ones are still in their places when the backward pass begins.
  bool goes_aside(std::size_t layer) const { return offload_ != nullptr && layer + kTurns < layers_; }

  std::size_t layers_ = 0;
  std::vector<DeviceBuffer<float>> buffers_;
  std::unique_ptr<ActivationOffload> offload_;  // ends before the buffers do
};

}  // namespace matinee
