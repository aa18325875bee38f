#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/matmul/matmul.h"
#include "lib/model/model_config.h"
#include "lib/model/parameter_set.h"
#include "lib/model/quantized_tensor.h"

namespace matinee {

/// The linear layers of a block, in the order of the arrays below and of the adapter's target modules.
enum class Module : std::uint8_t { kQ, kK, kV, kO, kGate, kUp, kDown };
inline constexpr int kModules = 7;

/// "q_proj" and so on; the last part of Hugging Face's name.
const char* name_of(Module module);
/// "model.layers.3.self_attn.q_proj": the path of a linear layer in the model, as PEFT writes it.
std::string module_path(std::int64_t layer, Module module);
/// [out, in] of a linear layer.
std::array<std::int64_t, 2> module_shape(const ModelConfig& config, Module module);

/// Where the decoder finds each weight, and (in training everything) where its gradient is summed. Owns nothing.
struct WeightSlot {
  WeightView view;
  float* grad = nullptr;  ///< same shape, float32; null: frozen
};
struct VectorSlot {
  const float* value = nullptr;
  float* grad = nullptr;
};
struct LayerSlots {
  std::array<WeightSlot, kModules> modules;
  VectorSlot input_norm, post_attention_norm;
};
struct WeightSlots {
  WeightSlot embed_tokens, lm_head;  ///< the same slot twice where tied
  VectorSlot norm;
  std::vector<LayerSlots> layers;
};

/// One tensor that a model of this configuration has: Hugging Face's name and shape.
struct WeightSpec {
  std::string name;
  std::vector<std::int64_t> shape;
};
std::vector<WeightSpec> weight_specs(const ModelConfig& config);

/// Frozen weights in memory: matrices in `dtype`, norms in float32; quantised where `dtype` is I8 or U8 (NF4), but for
/// embedding and head, which are bfloat16 then. Converted tensor by tensor from the mapped file,
/// whose pages are released behind, so that memory never holds a model twice.
class FrozenWeights {
 public:
  /// `folder` holds config.json and model.safetensors, or model.safetensors.index.json and its shards. `dtype` F32 or
  /// BF16, or with a context to quantise with I8 or U8. Throws Error naming file and tensor where one is missing, of a
  /// wrong shape or of another dtype than F32, F16, BF16, or cannot be quantised; Error(kResource) where it does not
  /// fit `max_host_mem`.
  FrozenWeights(const std::string& folder, const ModelConfig& config, DType dtype, std::uint64_t max_host_mem = 0,
                Context* context = nullptr);
  /// Bytes that such weights take.
  static std::uint64_t bytes_of(const ModelConfig& config, DType dtype);

  const WeightSlots& slots() const { return slots_; }
  std::uint64_t bytes() const { return bytes_; }
  /// Adds scaling·B·A to a matrix in place (an adapter merged for decoding). Not for quantised ones.
  void merge(std::int64_t layer, Module module, const float* lora_A, const float* lora_B, std::int64_t rank,
             float scaling);

 private:
  struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<std::uint16_t> bf16_values;
    std::vector<float> f32_values;
    std::unique_ptr<QuantizedTensor> quantized;
    WeightView view;
  };
  ModelConfig config_;
  DType dtype_;
  std::vector<Tensor> tensors_;
  WeightSlots slots_;
  std::uint64_t bytes_ = 0;
};

/// All weights as float32 parameters, for training everything. Reads them from `folder`.
void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters);
/// ... or draws them: normal(0, 0.02), the projections into the residual stream by 1/sqrt(2·layers) smaller (Radford et
/// al. 2019, section 2.3), norms 1.
void initialise_parameters(const ModelConfig& config, std::uint64_t seed, ParameterSet& parameters);
/// A tensor's memory: `data` of its dtype, and its gradient or null.
struct WeightMemory {
  WeightView view;
  float* grad = nullptr;
};
/// Slots over tensors in the order of weight_specs; vectors must be float32.
WeightSlots slots_over(const ModelConfig& config, const std::vector<WeightMemory>& tensors);
/// Slots over such a set, gradients included.
WeightSlots slots_of(const ModelConfig& config, ParameterSet& parameters);

/// Writes config.json and model.safetensors (`dtype` F32 or BF16) into `folder`.
void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype);

}  // namespace matinee
