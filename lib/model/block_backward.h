#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "kernels/context.h"
#include "lib/model/block_forward.h"

namespace matinee {

/// Gradients of one block's activations, in device memory; each is [rows, its width].
struct BlockGradients {
  float* stream = nullptr;     ///< in: of the block's output; out: of its input
  float* normed = nullptr;     ///< of the inputs of the MLP, then of q, k and v; before either, of normed outputs
  float* gated = nullptr;      ///< [rows, intermediate_size]
  float* attention = nullptr;  ///< of the attention's output
  float *q = nullptr, *k = nullptr, *v = nullptr;
};

/// The backward pass of one block, the mirror of BlockForward: finish(), then the caller's backward pass of the
/// attention, then project(). `kept` has what the forward pass left; gate and up are overwritten by their gradients.
/// Gradients of weights are added to the grad pointers of the layer.
class BlockBackward {
 public:
  struct ModuleGradient {
    Module module;
    const float* grad_y;
  };
  /// The backward pass of modules that share their input x: grad_x = or += its gradient; null: not needed.
  using Linear =
      std::function<void(std::span<const ModuleGradient> outputs, const float* x, float* grad_x, bool accumulate)>;

  BlockBackward(Context& context, const ModelConfig& config, const LayerWeights& weights)
      : context_(context), config_(config), weights_(weights) {}

  /// From grad.stream, the gradient of the output, to grad.attention. grad.stream becomes the gradient of the stream
  /// between attention and MLP, or in a parallel block that of the block's input by way of the MLP; with a shared norm
  /// it stays, and grad.normed has what the MLP passes to that norm's output.
  void finish(std::int64_t n_rows, const BlockBuffers& kept, const BlockGradients& grad, const Linear& linear) const;
  /// From grad.q, grad.k and grad.v to grad.stream, now the gradient of the block's input. With `to_input` false
  /// nothing below is trained: only the gradients of q, k and v's weights are computed.
  void project(std::int64_t n_rows, const BlockBuffers& kept, const BlockGradients& grad, const RotaryPositions& rotary,
               bool to_input, const Linear& linear) const;

 private:
  // The gradient of a module's output that is added to the stream: that of the stream, or with post_norms or
  // residual_multiplier `branch`, which is then computed from it.
  const float* through_norm(std::int64_t n_rows, const WeightRef& norm, const float* output, const float* mean,
                            const float* rstd, const float* stream, float* branch) const;

  Context& context_;
  const ModelConfig& config_;
  const LayerWeights& weights_;
};

}  // namespace matinee
