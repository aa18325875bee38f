#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/model/model_config.h"
#include "lib/model/parameter_set.h"
#include "lib/model/quantized_tensor.h"
#include "lib/model/tensor_names.h"

namespace matinee {

class CheckpointHashes;
class CheckpointReader;
class LoraMerge;

/// Whether weights in this format hold the tensor quantized: the linear layers of the blocks are, in int8 and NF4.
bool is_quantized(const WeightSpec& spec, WeightFormat format);

/// Frozen weights in memory: matrices in `format`, norms and biases in float32. Where `format` is kInt8 or kNf4, the
/// linear layers of the blocks are quantized, row by row as the decoder uses them, and the tables of tokens and
/// positions and the head are bfloat16. What the file has in the same form goes from its pages straight to where it
/// stays (on a GPU through two pinned buffers); the rest is converted, tensor by tensor and in pieces. The pages are
/// released behind, so that memory never holds a model twice.
class FrozenWeights {
 public:
  /// `folder` holds config.json and model.safetensors, or model.safetensors.index.json and its shards. They lie in the
  /// context's memory, without one in the host's. `format` kF32 or kBF16; kInt8 and kNf4 need a context to quantize
  /// with. A checkpoint of the bare model, without the prefix of its names, is taken too. Throws Error naming file and
  /// tensor where one is missing, of a wrong shape or of another format than F32, F16, BF16, or cannot be quantized;
  /// Error(kResource) where the host's do not fit `max_host_mem`. What was read goes into `hashes`, where there are
  /// any. With `table_aside` the table of tokens lies in the host's memory (DeviceAllocator::host_side), where the head
  /// does not want it too.
  FrozenWeights(const std::string& folder, const ModelConfig& config, WeightFormat format,
                std::uint64_t max_host_mem = 0, Context* context = nullptr, const LoraMerge* merge = nullptr,
                CheckpointHashes* hashes = nullptr, bool table_aside = false);
  /// Bytes that such weights take.
  static std::uint64_t bytes_of(const ModelConfig& config, WeightFormat format);
  /// Bytes of them that `table_aside` takes off the device.
  static std::uint64_t aside_bytes(const ModelConfig& config, WeightFormat format);

  const WeightSlots& slots() const { return slots_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Tensor {  ///< what it holds is in one of the three
    DeviceBuffer<bf16> bf16_values;
    DeviceBuffer<float> f32_values;
    std::unique_ptr<QuantizedTensor> quantized;

    void allocate(const std::shared_ptr<DeviceAllocator>& allocator, std::size_t elements, WeightFormat format);
    /// Elements from `first` on; quantized ones come in order. `narrow`: room that is used again.
    void fill(std::size_t first, std::span<const float> values, std::vector<bf16>& narrow);
    WeightView view() const;
  };

  /// Where the file has what the tensor holds, or what is quantized on the device; false where it does not. `place` is
  /// for messages.
  static bool fill_as_stored(const CheckpointReader& reader, const WeightSpec& spec, const std::string& place,
                             Tensor& tensor);

  std::deque<Tensor> tensors_;
  WeightSlots slots_;
  std::uint64_t bytes_ = 0;
};

/// All weights as float32 parameters, for training everything. Reads them from `folder`.
void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters,
                     CheckpointHashes* hashes = nullptr);
/// ... or draws them: normal(0, 0.02), the projections into the residual stream by 1/sqrt(2·layers) smaller (Radford et
/// al. 2019, section 2.3), norms 1, biases 0.
void initialize_parameters(const ModelConfig& config, std::uint64_t seed, ParameterSet& parameters);
/// Slots over such a set, gradients included.
WeightSlots slots_of(const ModelConfig& config, ParameterSet& parameters);

/// Writes config.json and model.safetensors (`dtype` F32 or BF16) into `folder`.
void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype);

}  // namespace matinee
