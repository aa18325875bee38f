// The architectures of llama.cpp: a table with one row per family.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/model/families.h"
#include "lib/model/model_config.h"

namespace matinee {

/// What a GGUF file holds as its head.
enum class GgufHead : std::uint8_t {
  kAny,   ///< output.weight, or without it the embedding
  kTied,  ///< always the embedding
  kOwn,   ///< always output.weight
};

/// A row of the table: the name of a family in llama.cpp, and what llama.cpp computes for it.
struct GgufArchitecture {
  const char *model_type, *name;
  bool rotates_neighbors;  ///< so the rows of each head are reordered
  Activation activation;
  bool qkv_bias, other_biases;
  bool any_head_dim;    ///< else heads are hidden_size / num_attention_heads wide
  bool rotary_factors;  ///< one divisor per frequency (rope_scaling llama3), as rope_freqs.weight
  bool length_factors;  ///< two lists of divisors (rope_scaling longrope)
  bool windows;         ///< sliding windows; without them, a context no longer than the window needs none
  GgufHead head;
};

/// Throws Error(kBadData), naming the difference, where llama.cpp does not compute what this model does.
const GgufArchitecture& gguf_architecture_of(const ModelConfig& config);
/// The family that an architecture of llama.cpp computes, or null.
const Family* family_of_gguf(std::string_view architecture);
/// 1 / sqrt of this is what llama.cpp multiplies the attention's scores with in Gemma 2 and 3.
std::int64_t gguf_query_scalar(std::int64_t layers, std::int64_t hidden_size, std::int64_t heads,
                               std::int64_t head_dim);

}  // namespace matinee
