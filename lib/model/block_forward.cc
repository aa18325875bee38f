#include "lib/model/block_forward.h"

#include <array>
#include <cmath>

#include "kernels/ops.h"
#include "lib/base/format_error.h"

namespace matinee {
namespace {

// RMSNorm of q or k: of every head of x [n_rows, heads, head_dim], or of all heads together.
void norm_heads(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                std::int64_t heads, const float* x, float* y, float* rstd) {
  const std::int64_t norms = config.qk_norms(heads);
  rms_norm_forward(context, {.n_rows = n_rows * norms,
                             .width = heads * config.head_dim / norms,
                             .x = x,
                             .weight = norm.floats(),
                             .eps = static_cast<float>(config.norm_eps),
                             .y = y,
                             .rstd = rstd});
}

}  // namespace

void require_head_dim(const Context& context, const ModelConfig& config) {
  if (context.device().kind != DeviceKind::kCuda || config.head_dim <= kWidestCudaHead) return;
  throw device_error("the model's head_dim is {}, and attention on a GPU takes {} at most", config.head_dim,
                     kWidestCudaHead)
      .add_remedy("--device cpu takes any");
}

float attention_scale(const ModelConfig& config) {
  if (config.attention_multiplier > 0) return static_cast<float>(config.attention_multiplier);
  return 1 / std::sqrt(static_cast<float>(config.head_dim));
}

void scale_rows(Context& context, const ModelConfig& config, std::int64_t n_rows, double factor, const float* x,
                float* y) {
  add_scaled(
      context,
      {.n = n_rows * config.hidden_size, .x = x, .y = y, .scale = static_cast<float>(factor), .accumulate = false});
}

void norm_forward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                  const float* x, float* y, float* mean, float* rstd) {
  const auto eps = static_cast<float>(config.norm_eps);
  if (config.norm == NormKind::kRms) {
    rms_norm_forward(context, {.n_rows = n_rows,
                               .width = config.hidden_size,
                               .x = x,
                               .weight = norm.floats(),
                               .eps = eps,
                               .y = y,
                               .rstd = rstd});
  } else {
    layer_norm_forward(context, {.n_rows = n_rows,
                                 .width = config.hidden_size,
                                 .x = x,
                                 .weight = norm.floats(),
                                 .bias = norm.bias,
                                 .eps = eps,
                                 .y = y,
                                 .mean = mean,
                                 .rstd = rstd});
  }
}

void norm_backward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                   const float* grad_y, const float* x, const float* mean, const float* rstd, float* grad_x,
                   bool accumulate) {
  if (config.norm == NormKind::kRms) {
    rms_norm_backward(context, {.n_rows = n_rows,
                                .width = config.hidden_size,
                                .grad_y = grad_y,
                                .x = x,
                                .weight = norm.floats(),
                                .rstd = rstd,
                                .grad_x = grad_x,
                                .accumulate = accumulate,
                                .grad_weight = norm.grad});
  } else {
    layer_norm_backward(context, {.n_rows = n_rows,
                                  .width = config.hidden_size,
                                  .grad_y = grad_y,
                                  .x = x,
                                  .weight = norm.floats(),
                                  .mean = mean,
                                  .rstd = rstd,
                                  .grad_x = grad_x,
                                  .accumulate = accumulate,
                                  .grad_weight = norm.grad,
                                  .grad_bias = norm.grad_bias});
  }
}

void output_norm_forward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                         const float* x, float* y, float* mean, float* rstd) {
  norm_forward(context, config, norm, n_rows, x, y, mean, rstd);
  if (config.logits_scaling != 1) scale_rows(context, config, n_rows, 1 / config.logits_scaling, y, y);
}

void output_norm_backward(Context& context, const ModelConfig& config, const WeightRef& norm, std::int64_t n_rows,
                          float* grad_y, const float* x, const float* mean, const float* rstd, float* grad_x) {
  if (config.logits_scaling != 1) scale_rows(context, config, n_rows, 1 / config.logits_scaling, grad_y, grad_y);
  norm_backward(context, config, norm, n_rows, grad_y, x, mean, rstd, grad_x, false);
}

void rotate_heads(Context& context, const ModelConfig& config, const RotaryPositions& rotary, std::int64_t n_rows,
                  std::int64_t heads, float* x, bool backward) {
  if (rotary.cosines == nullptr) return;
  const RotaryArgs args{.n_tokens = n_rows,
                        .n_heads = heads,
                        .head_dim = config.head_dim,
                        .rotary_dim = config.rotated_elements(),
                        .style = config.rotary_style,
                        .positions = rotary.positions,
                        .n_positions = rotary.n_positions,
                        .cosines = rotary.cosines,
                        .sines = rotary.sines,
                        .x = x};
  if (backward) {
    rotary_backward(context, args);
  } else {
    rotary_forward(context, args);
  }
}

void embed_tokens(Context& context, const ModelConfig& config, const ModelWeights& weights, std::int64_t n_rows,
                  const std::int32_t* tokens, const std::int32_t* positions, float* stream, float* scratch) {
  embedding_forward(context, {.n_tokens = n_rows,
                              .vocab = config.vocab_size,
                              .width = config.hidden_size,
                              .ids = tokens,
                              .table = weights.embed_tokens.view,
                              .y = stream});
  if (config.embedding_multiplier != 1)
    scale_rows(context, config, n_rows, config.embedding_multiplier, stream, stream);
  if (!config.learned_positions) return;
  embedding_forward(context, {.n_tokens = n_rows,
                              .vocab = config.max_position_embeddings,
                              .width = config.hidden_size,
                              .ids = positions,
                              .table = weights.positions.view,
                              .y = scratch});
  add_scaled(context, {.n = n_rows * config.hidden_size, .x = scratch, .y = stream});
}

void BlockForward::project(std::int64_t n_rows, const BlockBuffers& at, const RotaryPositions& rotary,
                           const Linear& linear) const {
  if (config_.pre_norms)
    norm_forward(context_, config_, weights_.input_norm, n_rows, at.input, at.normed, at.mean, at.rstd);
  float* q = at.q_raw != nullptr ? at.q_raw : at.q;
  float* k = at.k_raw != nullptr ? at.k_raw : at.k;
  const std::array<ModuleOutput, 3> projected{{{Module::kQ, q}, {Module::kK, k}, {Module::kV, at.v}}};
  linear(attention_input(config_, at), projected, false);
  if (config_.qk_norm) {
    norm_heads(context_, config_, weights_.q_norm, n_rows, config_.num_attention_heads, q, at.q, at.q_rstd);
    norm_heads(context_, config_, weights_.k_norm, n_rows, config_.num_key_value_heads, k, at.k, at.k_rstd);
  }
  rotate_heads(context_, config_, rotary, n_rows, config_.num_attention_heads, at.q, false);
  rotate_heads(context_, config_, rotary, n_rows, config_.num_key_value_heads, at.k, false);
}

// stream += the module's output, normed or multiplied where outputs are.
void BlockForward::add_branch(std::int64_t n_rows, const Branch& branch, float* scratch, float* stream,
                              const Linear& linear) const {
  if (!config_.post_norms && config_.residual_multiplier == 1)
    return linear(branch.x, std::array{ModuleOutput{branch.module, stream}}, true);
  float* output = config_.post_norms ? branch.output : scratch;
  linear(branch.x, std::array{ModuleOutput{branch.module, output}}, false);
  if (config_.post_norms)
    norm_forward(context_, config_, branch.norm, n_rows, output, scratch, branch.mean, branch.rstd);
  add_scaled(context_, {.n = n_rows * config_.hidden_size,
                        .x = scratch,
                        .y = stream,
                        .scale = static_cast<float>(config_.residual_multiplier)});
}

void BlockForward::finish(std::int64_t n_rows, const BlockBuffers& at, const Linear& linear) const {
  const auto add_attention = [&](float* stream) {
    add_branch(n_rows,
               {Module::kO, at.attention, weights_.attention_output_norm, at.attention_output, at.attention_output_mean,
                at.attention_output_rstd},
               at.branch, stream, linear);
  };
  const auto begin_output = [&] {
    if (at.output == at.middle) return;
    context_.allocator()->copy(at.output, at.middle,
                               static_cast<std::size_t>(n_rows * config_.hidden_size) * sizeof(float));
  };
  if (!config_.parallel_block) add_attention(at.middle);
  if (config_.mlp_norm()) {
    norm_forward(context_, config_, weights_.mlp_norm, n_rows, at.middle, at.mlp_input, at.middle_mean, at.middle_rstd);
  }
  if (config_.parallel_block) {
    // `middle` stays the block's input, which the backward pass of the MLP's norm reads.
    begin_output();
    add_attention(at.output);
  }
  const std::array<ModuleOutput, 2> gate_and_up{{{Module::kGate, at.gate}, {Module::kUp, at.up}}};
  linear(at.mlp_input, std::span(gate_and_up).subspan(config_.gated_mlp ? 0 : 1), false);
  activation_forward(context_, {.n = n_rows * config_.intermediate_size,
                                .activation = config_.activation,
                                .x = config_.gated_mlp ? at.gate : at.up,
                                .up = config_.gated_mlp ? at.up : nullptr,
                                .y = at.gated});
  if (!config_.parallel_block) begin_output();
  add_branch(n_rows,
             {Module::kDown, at.gated, weights_.mlp_output_norm, at.mlp_output, at.mlp_output_mean, at.mlp_output_rstd},
             at.branch, at.output, linear);
}

}  // namespace matinee
