#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"
#include "lib/model/lora_weights.h"
#include "lib/model/model_config.h"
#include "lib/train/token_dataset.h"

namespace matinee {

class Context;

/// Peak operations per second of our matrix product; measures for about a tenth of a second.
double measure_matmul_peak(Context& context, MatmulPrecision precision);

/// Multiplications and additions of one forward and backward pass over a batch: linear layers, the head on supervised
/// rows, attention within samples, LoRA products. `lora` null: every weight is trained.
double training_operations(const ModelConfig& config, const LoraWeights* lora, const TokenBatch& batch);

}  // namespace matinee
