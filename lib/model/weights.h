#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/model/model_config.h"
#include "lib/model/parameter_set.h"
#include "lib/model/quantized_tensor.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// Frozen weights in memory: matrices in `dtype`, norms in float32; quantised where `dtype` is I8 or U8 (NF4), but for
/// embedding and head, which are bfloat16 then. Converted tensor by tensor from the mapped file,
/// whose pages are released behind, so that memory never holds a model twice.
class FrozenWeights {
 public:
  /// `folder` holds config.json and model.safetensors, or model.safetensors.index.json and its shards. `dtype` F32 or
  /// BF16, or with a context to quantise with I8 or U8. A checkpoint of the bare model, without the prefix of its
  /// names, is taken too. Throws Error naming file and tensor where one is missing, of a wrong shape or of another
  /// dtype than F32, F16, BF16, or cannot be quantised; Error(kResource) where it does not fit `max_host_mem`.
  FrozenWeights(const std::string& folder, const ModelConfig& config, DType dtype, std::uint64_t max_host_mem = 0,
                Context* context = nullptr);
  /// Bytes that such weights take.
  static std::uint64_t bytes_of(const ModelConfig& config, DType dtype);

  const WeightSlots& slots() const { return slots_; }
  std::uint64_t bytes() const { return bytes_; }
  /// Adds scaling·B·A to a matrix in place (an adapter merged for decoding). With a DoRA `magnitude` [out], each row is
  /// then scaled to that length. Not for quantised ones.
  void merge(std::int64_t layer, Module module, const float* lora_A, const float* lora_B, std::int64_t rank,
             float scaling, const float* magnitude = nullptr);
  /// Puts other values in the place of a tensor (what an adapter trained whole). Of a tied pair, named as embedding or
  /// as head, only the one that is named changes.
  void replace(const std::string& name, std::span<const float> values);

 private:
  struct Tensor {
    std::vector<std::uint16_t> bf16_values;
    std::vector<float> f32_values;
    std::unique_ptr<QuantizedTensor> quantized;
    WeightView view;  ///< of what is quantised
  };
  void fill(Tensor& tensor, bool narrow, std::size_t first, std::span<const float> values) const;
  WeightView view_of(const Tensor& tensor) const;

  ModelConfig config_;
  DType dtype_;
  std::vector<WeightSpec> specs_;
  std::deque<Tensor> tensors_;  ///< in the order of specs_, then what replaced a tied tensor
  WeightSlots slots_;
  std::uint64_t bytes_ = 0;
};

/// All weights as float32 parameters, for training everything. Reads them from `folder`.
void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters);
/// ... or draws them: normal(0, 0.02), the projections into the residual stream by 1/sqrt(2·layers) smaller (Radford et
/// al. 2019, section 2.3), norms 1, biases 0.
void initialise_parameters(const ModelConfig& config, std::uint64_t seed, ParameterSet& parameters);
/// Slots over such a set, gradients included.
WeightSlots slots_of(const ModelConfig& config, ParameterSet& parameters);

/// Writes config.json and model.safetensors (`dtype` F32 or BF16) into `folder`.
void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype);

}  // namespace matinee
