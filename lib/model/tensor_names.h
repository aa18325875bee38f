#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/matmul/matmul.h"
#include "lib/model/model_config.h"

namespace matinee {

/// The linear layers of a block, in the order of the arrays below.
enum class Module : std::uint8_t { kQ, kK, kV, kO, kGate, kUp, kDown };
inline constexpr int kModules = 7;

inline std::size_t index_of(Module module) { return static_cast<std::size_t>(module); }

/// Whether blocks of this configuration have the module; only a gated MLP has kGate.
bool has_module(const ModelConfig& config, Module module);
/// [out, in] of a module.
std::array<std::int64_t, 2> module_shape(const ModelConfig& config, Module module);
bool has_bias(const ModelConfig& config, Module module);

/// A linear layer as the model's files and PEFT name it: one module, or several whose rows follow each other (c_attn of
/// GPT-2 holds q, k and v).
struct LinearLayer {
  std::string path;  ///< "model.layers.3.self_attn.q_proj", "transformer.h.0.attn.c_attn"
  Module first = Module::kQ;
  int n_modules = 1;
  std::int64_t out = 0, in = 0;
};
/// Those of one layer of the model, in the order of Module.
std::vector<LinearLayer> linear_layers(const ModelConfig& config, std::int64_t layer);
/// The linear layer that holds a module.
LinearLayer linear_layer_of(const ModelConfig& config, std::int64_t layer, Module module);
/// Its path; so two modules may have the same.
std::string module_path(const ModelConfig& config, std::int64_t layer, Module module);
/// "model.embed_tokens" and "lm_head": the paths of the two layers that PEFT may train whole.
std::string embed_tokens_path(const ModelConfig& config);
std::string lm_head_path(const ModelConfig& config);

/// What a tensor is to the decoder.
enum class WeightRole : std::uint8_t {
  kEmbedTokens,
  kPositions,
  kInputNorm,
  kPostAttentionNorm,
  kQNorm,
  kKNorm,
  kLinear,
  kNorm,
  kHead
};

/// One tensor that a model of this configuration has.
struct WeightSpec {
  std::string name = {};                 ///< Hugging Face's
  std::vector<std::int64_t> shape = {};  ///< as the decoder holds it: [out, in] for a linear layer
  WeightRole role = WeightRole::kNorm;
  bool bias = false;
  bool transposed = false;  ///< the file holds [in, out]
  std::int64_t layer = -1;  ///< of the block it belongs to
  Module module = Module::kQ;
  int n_modules = 1;  ///< of kLinear: the modules whose rows it holds, from `module` on

  std::int64_t elements() const;
  std::vector<std::int64_t> stored_shape() const;
};
std::vector<WeightSpec> weight_specs(const ModelConfig& config);
/// The name that a checkpoint of the bare model, without its head, has for the tensor: "layers.0..." or "h.0...".
std::string bare_name(const ModelConfig& config, const std::string& name);

/// Where the decoder finds each weight, and (in training everything) where its gradient is summed. Owns nothing.
struct WeightSlot {
  WeightView view;
  float* grad = nullptr;        ///< same shape, float32; null: frozen
  const float* bias = nullptr;  ///< [out], or none
  float* grad_bias = nullptr;
};
struct NormSlot {
  const float* value = nullptr;
  float* grad = nullptr;
  const float* bias = nullptr;  ///< LayerNorm only
  float* grad_bias = nullptr;
};
struct LayerSlots {
  std::array<WeightSlot, kModules> modules;
  NormSlot input_norm, post_attention_norm, q_norm, k_norm;
};
struct WeightSlots {
  WeightSlot embed_tokens, positions, lm_head;  ///< embedding and head are the same where tied
  NormSlot norm;
  std::vector<LayerSlots> layers;
};

/// A tensor's memory: `data` of its dtype, and its gradient or null.
struct WeightMemory {
  WeightView view;
  float* grad = nullptr;
};
/// Slots over tensors in the order of weight_specs; vectors must be float32.
WeightSlots slots_over(const ModelConfig& config, const std::vector<WeightMemory>& tensors);

}  // namespace matinee
