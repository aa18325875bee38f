#pragma once

#include "kernels/context.h"
#include "lib/model/lora_config.h"
#include "lib/train/token_dataset.h"

namespace matinee {

/// Seconds that one micro-batch will take forward and backward on this machine, before any weight is loaded: measured
/// for about two seconds on one layer and on three of the model's shape, the rest reckoned from their difference. All
/// matrices are the same memory (no more than the model's largest tensor), so a model that is far larger than the
/// caches may take somewhat longer. `format` is that of the base (lib/model/base_format.h). `lora` null: every weight
/// is trained, in float32.
double estimate_seconds(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
                        WeightFormat format, MatmulPrecision precision, bool recompute);
/// The layers of the larger of the two models that are measured.
std::int64_t measured_layers(const ModelConfig& config);

}  // namespace matinee
