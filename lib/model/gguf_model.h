#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/io/gguf_writer.h"
#include "lib/model/model_config.h"
#include "lib/model/weights.h"

namespace matinee {

/// A tensor of a model under its two names.
struct GgufName {
  std::string gguf;  ///< "blk.3.attn_q.weight", "blk.3.attn_qkv.bias"
  WeightSpec spec;   ///< Hugging Face's name and the shape, which is the same
  /// Heads whose rows llama.cpp wants in another order, since it rotates neighbors where Hugging Face rotates halves:
  /// its row 2i + s of a head is row s·head_dim/2 + i. 0: rows stand as they are.
  std::int64_t heads = 0;
};
/// All tensors, in the order of weight_specs. Throws Error(kBadData), saying what, where llama.cpp has no architecture
/// that computes what this model does.
std::vector<GgufName> gguf_names(const ModelConfig& config);
/// What a tensor is held in where matrices should be in `wish`: F32 for vectors and positions, F16 where rows do not
/// divide into blocks.
GgufFormat gguf_format_of(const WeightSpec& spec, GgufFormat wish);
/// What frequencies are divided by, where rope_scaling is llama3: the tensor kGgufRotaryFactors; else empty.
std::vector<float> gguf_rotary_factors(const ModelConfig& config);
inline constexpr const char* kGgufRotaryFactors = "rope_freqs.weight";
/// The file's metadata about the model: "general.*" and those of the architecture. The context is no longer than a
/// sliding window, which llama.cpp's architectures do not have.
void add_gguf_config(GgufWriter& writer, const ModelConfig& config, GgufFormat format, const std::string& name);

/// Row of the other order that stands at `row`: of `heads` heads, as GgufName says. `to_gguf`: gives the row of the
/// Hugging Face matrix that GGUF has at `row`; else the reverse.
std::int64_t reordered_row(std::int64_t row, std::int64_t head_dim, bool to_gguf);

/// The weights of a GGUF file that was written from a model of this configuration, decoded to F32 or BF16.
class GgufWeights {
 public:
  /// Throws Error naming file and tensor where one is missing or of another shape; Error(kResource) where the host's
  /// do not fit `max_host_mem`.
  GgufWeights(const std::string& path, const ModelConfig& config, WeightFormat dtype, std::uint64_t max_host_mem = 0,
              const std::shared_ptr<DeviceAllocator>& allocator = host_allocator());
  const WeightSlots& slots() const { return slots_; }

 private:
  struct Tensor {
    DeviceBuffer<float> f32_values;
    DeviceBuffer<bf16> bf16_values;
  };
  std::vector<Tensor> tensors_;
  WeightSlots slots_;
};

}  // namespace matinee
