#pragma once

#include <array>
#include <vector>

#include "kernels/weight_view.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// Where the decoder reads one weight, and where its gradient is summed. Owns nothing.
struct WeightRef {
  WeightView view;
  float* grad = nullptr;        ///< shape of the weight; null: frozen
  const float* bias = nullptr;  ///< [out], or null: none
  float* grad_bias = nullptr;   ///< [out], or null: frozen

  /// The values of a norm, which are always float32.
  const float* floats() const { return static_cast<const float*>(view.data); }
};

/// The weights of one block.
struct LayerWeights {
  std::array<WeightRef, kModules> modules;  ///< by Module
  WeightRef input_norm, mlp_norm, q_norm, k_norm;
  WeightRef attention_output_norm, mlp_output_norm;

  /// The norm of a role.
  WeightRef& norm(WeightRole role);
};

/// The weights of a model. Owns nothing.
struct ModelWeights {
  WeightRef embed_tokens, positions, lm_head;  ///< lm_head is embed_tokens where the two are tied
  WeightRef norm;
  std::vector<LayerWeights> layers;
};

/// The weights over `tensors`, in the order of weight_specs: each with its view and its gradient or null. Vectors must
/// be float32.
ModelWeights refs_over(const ModelConfig& config, const std::vector<WeightRef>& tensors);

}  // namespace matinee
