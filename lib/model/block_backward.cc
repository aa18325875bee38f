#include "lib/model/block_backward.h"

#include <array>

#include "kernels/ops.h"

namespace matinee {
namespace {

// RMSNorm of q or k; the gradient of its output, `grad` [n_rows, heads, head_dim], becomes that of its input x.
void norm_heads_backward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                         std::int64_t heads, const float* x, const float* rstd, float* grad) {
  const std::int64_t norms = config.qk_norms(heads);
  rms_norm_backward(context, {.n_rows = n_rows * norms,
                              .width = heads * config.head_dim / norms,
                              .grad_y = grad,
                              .x = x,
                              .weight = norm.floats(),
                              .rstd = rstd,
                              .grad_x = grad,
                              .grad_weight = norm.grad});
}

}  // namespace

const float* BlockBackward::through_norm(std::int64_t n_rows, const WeightRef& norm, const float* output,
                                         const float* mean, const float* rstd, const float* stream,
                                         float* branch) const {
  if (config_.post_norms) {
    norm_backward(context_, config_, norm, n_rows, stream, output, mean, rstd, branch, false);
  } else if (config_.residual_multiplier != 1) {
    scale_rows(context_, config_, n_rows, config_.residual_multiplier, stream, branch);
  } else {
    return stream;
  }
  return branch;
}

void BlockBackward::finish(std::int64_t n_rows, const BlockBuffers& kept, const BlockGradients& grad,
                           const Linear& linear) const {
  const bool gated = config_.gated_mlp;
  const float* grad_mlp = through_norm(n_rows, weights_.mlp_output_norm, kept.mlp_output, kept.mlp_output_mean,
                                       kept.mlp_output_rstd, grad.stream, grad.normed);
  linear(std::array{ModuleGradient{Module::kDown, grad_mlp}}, kept.gated, grad.gated, false);
  activation_backward(context_, {.n = n_rows * config_.intermediate_size,
                                 .activation = config_.activation,
                                 .grad_y = grad.gated,
                                 .x = gated ? kept.gate : kept.up,
                                 .up = gated ? kept.up : nullptr,
                                 .grad_x = gated ? kept.gate : kept.up,
                                 .grad_up = gated ? kept.up : nullptr});
  const auto projection_backward = [&] {
    const float* grad_attended =
        through_norm(n_rows, weights_.attention_output_norm, kept.attention_output, kept.attention_output_mean,
                     kept.attention_output_rstd, grad.stream, grad.normed);
    linear(std::array{ModuleGradient{Module::kO, grad_attended}}, kept.attention, grad.attention, false);
  };
  // In a parallel block, what the attention adds is part of the same sum as what the MLP adds.
  if (config_.parallel_block) projection_backward();
  const std::array<ModuleGradient, 2> gate_and_up{{{Module::kGate, kept.gate}, {Module::kUp, kept.up}}};
  // Without a norm before it the MLP's input is the stream.
  linear(std::span(gate_and_up).subspan(gated ? 0 : 1), kept.mlp_input, config_.pre_norms ? grad.normed : grad.stream,
         !config_.pre_norms);
  if (config_.mlp_norm()) {
    norm_backward(context_, config_, weights_.mlp_norm, n_rows, grad.normed, kept.middle, kept.middle_mean,
                  kept.middle_rstd, grad.stream, true);
  }
  if (!config_.parallel_block) projection_backward();
}

void BlockBackward::project(std::int64_t n_rows, const BlockBuffers& kept, const BlockGradients& grad,
                            const RotaryPositions& rotary, bool to_input, const Linear& linear) const {
  const std::int64_t heads = config_.num_attention_heads, kv_heads = config_.num_key_value_heads;
  rotate_heads(context_, config_, rotary, n_rows, heads, grad.q, true);
  rotate_heads(context_, config_, rotary, n_rows, kv_heads, grad.k, true);
  if (config_.qk_norm) {
    norm_heads_backward(context_, config_, weights_.q_norm, n_rows, heads, kept.q_raw, kept.q_rstd, grad.q);
    norm_heads_backward(context_, config_, weights_.k_norm, n_rows, kv_heads, kept.k_raw, kept.k_rstd, grad.k);
  }
  const std::array<ModuleGradient, 3> projected{{{Module::kQ, grad.q}, {Module::kK, grad.k}, {Module::kV, grad.v}}};
  float* grad_input = config_.pre_norms ? grad.normed : grad.stream;
  linear(projected, attention_input(config_, kept), to_input ? grad_input : nullptr,
         config_.shared_norm || !config_.pre_norms);
  if (!to_input || !config_.pre_norms) return;
  norm_backward(context_, config_, weights_.input_norm, n_rows, grad.normed, kept.input, kept.mean, kept.rstd,
                grad.stream, true);
}

}  // namespace matinee
