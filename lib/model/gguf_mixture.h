// Which tensor of a GGUF file is stored in which format: the mixtures of llama.cpp, as llama-quantize chooses them
// without an importance matrix.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/io/gguf_formats.h"
#include "lib/model/model_config.h"
#include "lib/model/tensor_names.h"

namespace matinee {

/// A row of the table of mixtures.
struct GgufMixture {
  const char* name;         ///< in lora-merge --format, after "gguf-": "q4_k_m"
  std::uint32_t file_type;  ///< llama_ftype, stored as general.file_type
  GgufFormat format;        ///< of the matrices, but:
  GgufFormat careful;       ///< of v and of the MLP's last layer in every third block and the first and last eighth
  GgufFormat head;          ///< of the head, which may be the embedding
};
std::span<const GgufMixture> gguf_mixtures();
/// Throws Error(kInternal) if there is none of this name.
const GgufMixture& gguf_mixture(std::string_view name);

/// The format of a tensor: F32 for vectors and positions; the mixture's for matrices, or the next that their rows
/// divide into: Q5_0 for Q4_K, Q5_1 for Q5_K, Q8_0 for Q6_K, then F16.
GgufFormat gguf_format_of(const ModelConfig& config, const WeightSpec& spec, const GgufMixture& mixture);

}  // namespace matinee
