#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/model/tensor_names.h"

namespace matinee {

/// The LoRA factors of one module and where their gradients are summed. Owns nothing. Modules that are one tensor in
/// the model's files share lora_A; each has its own rows of lora_B.
struct LoraFactors {
  const float* lora_A = nullptr;  ///< [rank, in]; null: the module has no adapter
  const float* lora_B = nullptr;  ///< [out, rank]
  float* grad_A = nullptr;        ///< null: not trained
  float* grad_B = nullptr;
  const float* magnitude = nullptr;  ///< [out], DoRA only
  float* grad_magnitude = nullptr;
  std::int64_t rank = 0;
  float scaling = 1;  ///< lora_alpha / rank, or lora_alpha / sqrt(rank)
  /// Names the dropout mask: the first module of the tensor, so that modules of one tensor drop the same inputs.
  Module mask = Module::kQ;
};

/// The LoRA factors of a model, by layer and Module. Owns nothing.
struct LoraWeights {
  float drop_probability = 0;
  std::vector<std::array<LoraFactors, kModules>> layers;
};

}  // namespace matinee
