#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/model/tensor_names.h"

namespace matinee {

/// The factors of one adapted module: lora_A [rank, in], lora_B [out, rank]. Modules that are one tensor in the model's
/// files share lora_A, and each has its rows of lora_B.
struct LoraSlot {
  const float* lora_A = nullptr;
  const float* lora_B = nullptr;
  float* grad_A = nullptr;
  float* grad_B = nullptr;
  const float* magnitude = nullptr;  ///< [out], of DoRA; or none
  float* grad_magnitude = nullptr;
  std::int64_t rank = 0;
  float scaling = 1;
  Module mask = Module::kQ;  ///< names the dropout mask: the first module of the tensor, so that x is dropped once
};

/// Where the decoder finds the factors; layers[l][module] is empty where the module is not a target.
struct LoraSlots {
  float drop_probability = 0;
  std::vector<std::array<LoraSlot, kModules>> layers;
};

}  // namespace matinee
