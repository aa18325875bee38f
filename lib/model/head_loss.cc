#include "lib/model/head_loss.h"

#include <algorithm>

#include "kernels/ops.h"

namespace matinee {

void cap_logits(Context& context, const ModelConfig& config, std::int64_t n_rows, float* logits) {
  if (config.logit_softcap == 0) return;
  softcap(context, {.n = n_rows * config.vocab_size, .cap = static_cast<float>(config.logit_softcap), .x = logits});
}

AdaptedLinear HeadLoss::layer(std::int64_t n, const Adapter& adapter) const {
  AdaptedLinear linear{
      .n_rows = n, .in = config_.hidden_size, .out = config_.vocab_size, .weight = &head_, .precision = precision_};
  if (adapter.lora == nullptr) return linear;
  linear.lora = adapter.lora;
  linear.dropout = adapter.dropout;
  linear.xa = adapter.xa;
  linear.unscaled = adapter.unscaled;
  linear.norms = adapter.norms;
  return linear;
}

void HeadLoss::logits(std::int64_t n, const float* x, const Adapter& adapter, float* logits) const {
  const LinearOutput output{layer(n, adapter), logits};
  linear_forward(context_, {&output, 1}, x, false);
  cap_logits(context_, config_, n, logits);
}

CrossEntropySums HeadLoss::run(const Rows& rows, DeviceSpan<CrossEntropySums>& sums) const {
  sums.zero();
  for (std::int64_t first = 0; first < rows.n_rows; first += kChunkRows) {
    const std::int64_t n = std::min(rows.n_rows - first, kChunkRows), at = first * config_.hidden_size;
    Adapter adapter = rows.adapter;
    adapter.dropout.first_row += first;
    logits(n, rows.x + at, adapter, rows.logits);
    // With a gradient it overwrites the logits.
    cross_entropy(context_, {.n_rows = n,
                             .vocab = config_.vocab_size,
                             .logits = rows.logits,
                             .targets = rows.targets + first,
                             .with_gradient = rows.grad_x != nullptr,
                             .softcap = static_cast<float>(config_.logit_softcap),
                             .grad_scale = rows.grad_scale,
                             .sums = sums.data()});
    if (rows.grad_x == nullptr) continue;
    const LinearOutputGradient gradient{layer(n, adapter), rows.logits};
    linear_backward(context_, {&gradient, 1}, rows.x + at, rows.grad_x + at, false);
  }
  return sums.values().front();
}

}  // namespace matinee
