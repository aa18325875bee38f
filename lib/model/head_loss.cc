#include "lib/model/head_loss.h"

#include <algorithm>

#include "kernels/ops.h"

namespace matinee {

void cap_logits(Context& context, const ModelConfig& config, std::int64_t n_rows, float* logits) {
  if (config.logit_softcap == 0) return;
  softcap(context, {.n = n_rows * config.vocab_size, .cap = static_cast<float>(config.logit_softcap), .x = logits});
}

void HeadLoss::logits(std::int64_t n, const float* x, float* logits) const {
  matmul_forward(context_, {.n_rows = n,
                            .in = config_.hidden_size,
                            .out = config_.vocab_size,
                            .x = x,
                            .weight = head_.view,
                            .bias = head_.bias,
                            .y = logits,
                            .precision = precision_});
  cap_logits(context_, config_, n, logits);
}

void HeadLoss::backward(std::int64_t n, const float* x, const float* grad_logits, float* grad_x) const {
  matmul_backward_input(context_, {.n_rows = n,
                                   .in = config_.hidden_size,
                                   .out = config_.vocab_size,
                                   .grad_y = grad_logits,
                                   .weight = head_.view,
                                   .grad_x = grad_x,
                                   .precision = precision_});
  if (head_.grad == nullptr && head_.grad_bias == nullptr) return;
  matmul_backward_weight(context_, {.n_rows = n,
                                    .in = head_.grad != nullptr ? config_.hidden_size : 0,  // 0: the bias alone
                                    .out = config_.vocab_size,
                                    .grad_y = grad_logits,
                                    .x = x,
                                    .grad_weight = head_.grad,
                                    .grad_bias = head_.grad_bias,
                                    .precision = precision_});
}

CrossEntropySums HeadLoss::run(const Rows& rows, DeviceSpan<CrossEntropySums>& sums) const {
  sums.zero();
  for (std::int64_t first = 0; first < rows.n_rows; first += kChunkRows) {
    const std::int64_t n = std::min(rows.n_rows - first, kChunkRows), at = first * config_.hidden_size;
    logits(n, rows.x + at, rows.logits);
    // With a gradient it overwrites the logits.
    cross_entropy(context_, {.n_rows = n,
                             .vocab = config_.vocab_size,
                             .logits = rows.logits,
                             .targets = rows.targets + first,
                             .with_gradient = rows.grad_x != nullptr,
                             .softcap = static_cast<float>(config_.logit_softcap),
                             .grad_scale = rows.grad_scale,
                             .sums = sums.data()});
    if (rows.grad_x != nullptr) backward(n, rows.x + at, rows.logits, rows.grad_x + at);
  }
  return sums.values().front();
}

}  // namespace matinee
