#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/device_buffer.h"

namespace matinee {

/// The residual stream before each layer, kept for the backward pass. Either every layer has a buffer of its own, or
/// two buffers alternate and their contents are offloaded to the host: copied while the next layers run, and fetched
/// while the backward pass is at the layer above, so that copies overlap with computation.
class CheckpointedInputs {
 public:
  CheckpointedInputs() = default;
  /// Buffers of `floats` elements each. With `offload`, inputs are offloaded if the memory is not the host's.
  CheckpointedInputs(const std::shared_ptr<DeviceAllocator>& allocator, std::size_t layers, std::size_t floats,
                     bool offload);

  std::size_t layers() const { return layers_; }
  /// The layer's input [floats]. When offloading, layers l and l + 2 share a buffer.
  float* of(std::size_t layer) { return buffers_[buffers_.size() < layers_ ? layer % kAlternating : layer].data(); }

  /// Forward pass, if a backward pass follows: keeps the first `floats` elements of the layer's input, which is
  /// complete. Afterwards of(layer + 1) may be written.
  void keep(std::size_t layer, std::size_t floats);
  /// Backward pass, once per layer from last to first: restores of(layer). Afterwards of(layer + 1) must not be
  /// written.
  void fetch(std::size_t layer, std::size_t floats);

  /// Numbers of buffers on the device and on the host.
  static std::int64_t on_device(std::int64_t layers, bool offload) {
    return offload && layers > kAlternating ? kAlternating : layers;
  }
  static std::int64_t on_host(std::int64_t layers, bool offload) { return layers - on_device(layers, offload); }

 private:
  static constexpr std::int64_t kAlternating = 2;
  /// The last two are still in their buffers when the backward pass begins.
  bool is_offloaded(std::size_t layer) const { return offload_ != nullptr && layer + kAlternating < layers_; }

  std::size_t layers_ = 0;
  std::vector<DeviceBuffer<float>> buffers_;
  std::unique_ptr<ActivationOffload> offload_;  // destroyed before the buffers
};

}  // namespace matinee
