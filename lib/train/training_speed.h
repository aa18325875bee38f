#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"
#include "lib/model/lora_slots.h"
#include "lib/model/model_config.h"
#include "lib/train/token_dataset.h"

namespace matinee {

class Context;

/// Operations per second of the best matrix product we have, measured now for about a tenth of a second.
double measure_matmul_peak(Context& context, MatmulPrecision precision);

/// Operations (multiplications and additions) of one forward and backward pass over a batch: linear layers, the output
/// layer on the supervised rows, attention within the samples, LoRA products. Without `lora` every weight is trained.
double training_operations(const ModelConfig& config, const LoraSlots* lora, const TokenBatch& batch);

}  // namespace matinee
