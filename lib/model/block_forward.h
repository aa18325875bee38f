#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "kernels/context.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// Where one block's forward pass reads and writes; every buffer is [rows, its width]. What is marked as kept is for a
/// backward pass and null where none follows.
struct BlockBuffers {
  const float* input = nullptr;                               ///< [rows, hidden_size], the residual stream
  float *normed = nullptr, *mean = nullptr, *rstd = nullptr;  ///< mean and rstd kept; mean with LayerNorm only
  float *q = nullptr, *k = nullptr, *v = nullptr;             ///< k and v may lie in a cache
  float *q_raw = nullptr, *k_raw = nullptr;                   ///< kept: q and k before the norms of their heads
  float *q_rstd = nullptr, *k_rstd = nullptr;                 ///< kept: [rows, heads]
  const float* attention = nullptr;                           ///< [rows, q_size], written by the caller
  float* middle = nullptr;                                 ///< the stream after attention; holds `input`'s rows first
  float* mlp_input = nullptr;                              ///< `normed` in a parallel block
  float *middle_mean = nullptr, *middle_rstd = nullptr;    ///< kept
  float *gate = nullptr, *up = nullptr, *gated = nullptr;  ///< gate: of a gated MLP; gated may be gate or up
  float* output = nullptr;                                 ///< may be `middle`
};

/// The tables and positions that rotate q and k.
struct RotaryPositions {
  const std::int32_t* positions = nullptr;  ///< [rows]
  std::int64_t n_positions = 0;
  const float *cosines = nullptr, *sines = nullptr;
};

/// The forward pass of one block, written once for training and for decoding: what differs (adapters, which keys a
/// query sees) comes in as functions.
class BlockForward {
 public:
  struct ModuleOutput {
    Module module;
    float* y;
  };
  /// Each y = or += its module applied to x, which all modules share.
  using Linear = std::function<void(const float* x, std::span<const ModuleOutput> outputs, bool accumulate)>;

  BlockForward(Context& context, const ModelConfig& config, const LayerSlots& slots)
      : context_(context), config_(config), slots_(slots) {}

  /// Norm, q, k and v with their biases and norms, rotated. The caller then computes the attention.
  void project(std::int64_t n_rows, const BlockBuffers& at, const RotaryPositions& rotary, const Linear& linear) const;
  /// What follows the attention: its output into `middle`, the MLP, `output`.
  void finish(std::int64_t n_rows, const BlockBuffers& at, const Linear& linear) const;

 private:
  Context& context_;
  const ModelConfig& config_;
  const LayerSlots& slots_;
};

/// Norms of either kind; mean and rstd are null where nothing is kept.
void norm_forward(Context& context, const ModelConfig& config, const NormSlot& slot, std::int64_t n_rows,
                  const float* x, float* y, float* mean, float* rstd);
void norm_backward(Context& context, const ModelConfig& config, const NormSlot& slot, std::int64_t n_rows,
                   const float* grad_y, const float* x, const float* mean, const float* rstd, float* grad_x,
                   bool accumulate);

/// Rotates the heads of x [n_rows, heads, head_dim] in place, or back; nothing with learned positions.
void rotate_heads(Context& context, const ModelConfig& config, const RotaryPositions& rotary, std::int64_t n_rows,
                  std::int64_t heads, float* x, bool backward);

/// The stream's beginning: embeddings, plus those of positions where they are learned. `scratch` has the stream's size.
void embed_tokens(Context& context, const ModelConfig& config, const WeightSlots& weights, std::int64_t n_rows,
                  const std::int32_t* tokens, const std::int32_t* positions, float* stream, float* scratch);

/// Throws Error(kDevice) where the model's heads are wider than the context's device takes.
void require_head_dim(const Context& context, const ModelConfig& config);
/// 1 / sqrt(head_dim).
float attention_scale(const ModelConfig& config);

}  // namespace matinee
