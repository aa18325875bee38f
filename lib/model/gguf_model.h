#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/gguf_writer.h"
#include "lib/model/families.h"
#include "lib/model/gguf_mixture.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// A tensor of a model and its name in GGUF.
struct GgufName {
  std::string gguf;  ///< "blk.3.attn_q.weight", "blk.3.attn_qkv.bias"
  WeightSpec spec;   ///< Hugging Face's name; GGUF has the same shape
  /// Heads whose rows GGUF stores in another order: llama.cpp rotates neighboring elements where Hugging Face rotates
  /// the halves of a head, so GGUF's row 2i + s of a head is row s·head_dim/2 + i. 0: same order.
  std::int64_t heads = 0;
};
/// All tensors, in the order of weight_specs. Throws Error(kBadData), naming the difference, where llama.cpp has no
/// architecture that computes this model.
std::vector<GgufName> gguf_names(const ModelConfig& config);
/// general.architecture: llama.cpp's name of the family. Throws as gguf_names does.
std::string gguf_architecture(const ModelConfig& config);
/// The divisors of the rotary frequencies with rope_scaling llama3, stored as kGgufRotaryFactors; else empty.
std::vector<float> gguf_rotary_factors(const ModelConfig& config);
inline constexpr const char* kGgufRotaryFactors = "rope_freqs.weight";
/// The family that an architecture of llama.cpp computes, or null.
const Family* family_of_gguf(std::string_view architecture);
/// The configuration of the model in a GGUF file. Throws Error(kBadData) naming the key for an architecture or a value
/// that the decoder does not compute, Error(kMissing) where one is missing.
ModelConfig gguf_config(const GgufFile& file);
/// Adds the metadata about the model: "general.*" and those of the architecture. The context length is at most the
/// sliding window, which llama.cpp's architectures do not have.
void add_gguf_config(GgufWriter& writer, const ModelConfig& config, const GgufMixture& mixture,
                     const std::string& name);

/// Reorders the rows of heads as GgufName::heads says: the row of Hugging Face's matrix that GGUF stores at `row`
/// (`to_gguf`), or the reverse.
std::int64_t reordered_row(std::int64_t row, std::int64_t head_dim, bool to_gguf);

}  // namespace matinee
