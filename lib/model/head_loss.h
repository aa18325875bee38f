#pragma once

#include <cstdint>

#include "kernels/context.h"
#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/device_buffer.h"
#include "kernels/matmul/matmul.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/model_weights.h"

namespace matinee {

/// The language-model head and its loss, a chunk of rows at a time, so that the logits of all rows are never in memory
/// together.
class HeadLoss {
 public:
  /// Rows of one chunk of logits.
  static constexpr std::int64_t kChunkRows = 512;

  /// The head's adapter; `lora` null: none. Arrays in device memory.
  struct Adapter {
    const LoraFactors* lora = nullptr;
    LoraDropout dropout = {};   ///< of the first row
    float* xa = nullptr;        ///< [kChunkRows, rank], overwritten
    float* unscaled = nullptr;  ///< [kChunkRows, vocab_size], overwritten; with a magnitude only
    float* norms = nullptr;     ///< [vocab_size], from adapted_row_norms; with a magnitude only
  };

  /// `head` must outlive this.
  HeadLoss(Context& context, const ModelConfig& config, const WeightRef& head, MatmulPrecision precision)
      : context_(context), config_(config), head_(head), precision_(precision) {}

  /// Arrays in device memory.
  struct Rows {
    std::int64_t n_rows = 0;
    const float* x = nullptr;               ///< [n_rows, hidden_size], the normed output of the last layer
    const std::int32_t* targets = nullptr;  ///< [n_rows], all supervised
    float* logits = nullptr;                ///< [kChunkRows, vocab_size], overwritten
    float* grad_x = nullptr;                ///< [n_rows, hidden_size], overwritten; null: no gradients
    float grad_scale = 1;                   ///< gradients are those of grad_scale · (sum of losses)
    Adapter adapter = {};
  };
  /// Overwrites `sums` [1] and grad_x, adds to the head's gradients where it is trained. Reads the sums back, so it
  /// waits for the device.
  CrossEntropySums run(const Rows& rows, DeviceSpan<CrossEntropySums>& sums) const;

  /// logits [n, vocab_size] of x [n, hidden_size], capped where the model's are.
  void logits(std::int64_t n, const float* x, const Adapter& adapter, float* logits) const;

 private:
  AdaptedLinear layer(std::int64_t n, const Adapter& adapter) const;

  Context& context_;
  const ModelConfig& config_;
  const WeightRef& head_;
  MatmulPrecision precision_;
};

/// Caps logits [n_rows, vocab_size] where the model's are.
void cap_logits(Context& context, const ModelConfig& config, std::int64_t n_rows, float* logits);

}  // namespace matinee
