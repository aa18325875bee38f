// A model in GGUF: its tensors and metadata, as llama.cpp names them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/io/gguf_writer.h"
#include "lib/model/gguf_architecture.h"
#include "lib/model/gguf_mixture.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// A tensor of a model and its name in GGUF.
struct GgufName {
  std::string gguf;  ///< "blk.3.attn_q.weight", "blk.3.attn_qkv.bias"
  WeightSpec spec;   ///< Hugging Face's name; GGUF has the same shape, and WeightSpec::offset is in its values
  /// Heads whose rows GGUF stores in another order: llama.cpp rotates neighboring elements where Hugging Face rotates
  /// the halves of a head, so GGUF's row 2i + s of a head is row s·head_dim/2 + i. 0: same order.
  std::int64_t heads = 0;
};
/// All tensors, in the order of weight_specs. Throws as gguf_architecture_of.
std::vector<GgufName> gguf_names(const ModelConfig& config);

/// Divisors of the rotary frequencies that are stored as a tensor in float32.
struct GgufFactors {
  std::string name;  ///< one of those below
  std::vector<float> values;
};
/// With rope_scaling llama3 kGgufRotaryFactors, with longrope the other two; else none.
std::vector<GgufFactors> gguf_rotary_factors(const ModelConfig& config);
inline constexpr const char* kGgufRotaryFactors = "rope_freqs.weight";
inline constexpr const char* kGgufShortFactors = "rope_factors_short.weight";
inline constexpr const char* kGgufLongFactors = "rope_factors_long.weight";

/// What llama.cpp multiplies cos and sin with for YaRN, beside the file's attn_factor.
double gguf_yarn_strength(double factor);

/// Adds the metadata about the model: "general.*" and those of the architecture. Where llama.cpp does not compute the
/// sliding window, the context length is at most that.
void add_gguf_config(GgufWriter& writer, const ModelConfig& config, const GgufMixture& mixture,
                     const std::string& name);
/// The reverse: the configuration of the model in a GGUF file, ours or another program's. Throws Error(kBadData) naming
/// the key for an architecture or a value that the decoder does not compute, Error(kMissing) where one is missing.
ModelConfig gguf_config(const GgufFile& file);

/// Reorders the rows of heads as GgufName::heads says: the row of Hugging Face's matrix that GGUF stores at `row`
/// (`to_gguf`), or the reverse.
std::int64_t reordered_row(std::int64_t row, std::int64_t head_dim, bool to_gguf);

}  // namespace matinee
