#pragma once

#include "kernels/context.h"
#include "lib/model/lora_config.h"
#include "lib/train/token_dataset.h"

namespace matinee {

/// Seconds that one micro-batch will take forward and backward on this machine, before any weight is loaded: measured
/// on one and on two layers of the model's shape, the rest reckoned from their difference. All matrices are the same
/// memory (no more than the model's largest tensor), so a model that is far larger than the caches may take somewhat
/// longer. `lora` null: every weight is trained.
double estimate_seconds(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
                        Product product, bool recompute);

}  // namespace matinee
