#pragma once

#include "kernels/context.h"
#include "kernels/matmul/matmul.h"
#include "kernels/weight_view.h"
#include "lib/model/lora_config.h"
#include "lib/train/token_dataset.h"

namespace matinee {

/// Seconds that one micro-batch will take forward and backward on this machine. Loads no weights: models of one and of
/// three layers of this shape are timed for about two seconds, and the time of the other layers follows from the
/// difference. All matrices share the same memory (of the model's largest tensor), so a model that is far larger than
/// the caches may be somewhat slower. `format` is that of the base. `lora` null: every weight is trained, in float32.
double estimate_seconds(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
                        WeightFormat format, MatmulPrecision precision, bool recompute);
/// Layers of the larger of the two models that are timed.
std::int64_t measured_layers(const ModelConfig& config);

}  // namespace matinee
