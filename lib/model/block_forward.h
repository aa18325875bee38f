#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "kernels/context.h"
#include "lib/model/model_weights.h"
#include "lib/model/rotary_tables.h"

namespace matinee {

/// The buffers of one block's forward pass, in device memory; each is [rows, its width]. Those marked as kept are for a
/// backward pass and null when none follows.
struct BlockBuffers {
  const float* input = nullptr;                               ///< [rows, hidden_size], the residual stream
  float *normed = nullptr, *mean = nullptr, *rstd = nullptr;  ///< mean and rstd kept; mean with LayerNorm only
  float *q = nullptr, *k = nullptr, *v = nullptr;             ///< k and v may be in a cache
  float *q_raw = nullptr, *k_raw = nullptr;                   ///< kept: before the norms of q and k
  float *q_rstd = nullptr, *k_rstd = nullptr;                 ///< kept: [rows, heads], or [rows] if over all heads
  const float* attention = nullptr;                           ///< [rows, q_size], written by the caller
  /// In: the rows of `input`. Out: the stream after attention, unless the block is parallel.
  float* middle = nullptr;
  float* mlp_input = nullptr;  ///< the normed stream; `normed` with a shared norm, `middle` without pre_norms
  float *middle_mean = nullptr, *middle_rstd = nullptr;    ///< kept
  float *gate = nullptr, *up = nullptr, *gated = nullptr;  ///< gate with a gated MLP only; `gated` may be gate or up
  float* output = nullptr;                                 ///< may be `middle`
  /// With post_norms, kept: what attention and MLP would add to the stream, [rows, hidden_size], before its norm.
  float *attention_output = nullptr, *mlp_output = nullptr;
  float *attention_output_mean = nullptr, *attention_output_rstd = nullptr;  ///< kept
  float *mlp_output_mean = nullptr, *mlp_output_rstd = nullptr;              ///< kept
  /// With post_norms or residual_multiplier: scratch memory, [rows, hidden_size]; without a backward pass it may be the
  /// two above.
  float* branch = nullptr;
};

/// The forward pass of one block, for training and decoding. What differs between them is the caller's: linear layers
/// with their adapters (as a function), and the attention between project() and finish().
class BlockForward {
 public:
  struct ModuleOutput {
    Module module;
    float* y;
  };
  /// For each output, y = or += module(x); all modules share x.
  using Linear = std::function<void(const float* x, std::span<const ModuleOutput> outputs, bool accumulate)>;

  BlockForward(Context& context, const ModelConfig& config, const LayerWeights& weights)
      : context_(context), config_(config), weights_(weights) {}

  /// The norm, then q, k and v with biases and norms of heads, rotated. The caller then computes the attention.
  void project(std::int64_t n_rows, const BlockBuffers& at, const RotaryPositions& rotary, const Linear& linear) const;
  /// Everything after the attention: its projection and the MLP, both added to the stream, which goes to `output`.
  void finish(std::int64_t n_rows, const BlockBuffers& at, const Linear& linear) const;

 private:
  // What a module, the last of the attention or of the MLP, computes from x, and the norm of its output.
  struct Branch {
    Module module;
    const float* x;
    const WeightRef& norm;
    float *output, *mean, *rstd;
  };
  void add_branch(std::int64_t n_rows, const Branch& branch, float* scratch, float* stream, const Linear& linear) const;

  Context& context_;
  const ModelConfig& config_;
  const LayerWeights& weights_;
};

/// What q, k and v are computed from: the normed input, or the stream itself.
inline const float* attention_input(const ModelConfig& config, const BlockBuffers& at) {
  return config.pre_norms ? at.normed : at.input;
}

/// RMSNorm or LayerNorm of x [n_rows, hidden_size], and its gradients; mean and rstd [n_rows] may be null in forward.
void norm_forward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                  const float* x, float* y, float* mean, float* rstd);
void norm_backward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                   const float* grad_y, const float* x, const float* mean, const float* rstd, float* grad_x,
                   bool accumulate);

/// The input of the head: the last norm of x [n_rows, hidden_size], divided by logits_scaling. Backward, grad_y is
/// overwritten.
void output_norm_forward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                         const float* x, float* y, float* mean, float* rstd);
void output_norm_backward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                          float* grad_y, const float* x, const float* mean, const float* rstd, float* grad_x);

/// y [n_rows, hidden_size] = factor·x; x may be y.
void scale_rows(Context& context, const ModelConfig& config, std::int64_t n_rows, double factor, const float* x,
                float* y);

/// Rotates the heads of x [n_rows, heads, head_dim] in place, or with `backward` reverses it.
void rotate_heads(Context& context, const ModelConfig& config, const RotaryPositions& rotary, std::int64_t n_rows,
                  std::int64_t heads, float* x, bool backward);

/// stream [n_rows, hidden_size] = token embeddings times embedding_multiplier, plus those of positions where they are
/// learned. `scratch` has the stream's size.
void embed_tokens(Context& context, const ModelConfig& config, const ModelWeights& weights, std::int64_t n_rows,
                  const std::int32_t* tokens, const std::int32_t* positions, float* stream, float* scratch);

/// Throws Error(kDevice) if the model's heads are wider than the device supports.
void require_head_dim(const Context& context, const ModelConfig& config);
/// The factor of the attention's scores: attention_multiplier or 1 / sqrt(head_dim).
float attention_scale(const ModelConfig& config);

}  // namespace matinee
