#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "lib/model/model_config.h"

namespace matinee {

/// Whether a family's linear layers have biases.
enum class Biases : std::uint8_t {
  kNever,
  kAlways,
  kByConfig,  ///< as attention_bias and mlp_bias of config.json say
};

/// One family of models: what its config.json calls things, what it leaves unsaid, and what its tensors are called.
/// Another family of the same mathematics is another row of the table in families.cc.
struct Family {
  const char* model_type;    ///< as config.json says it
  const char* architecture;  ///< the class that transformers loads it with

  struct Words {  ///< fields of config.json
    const char *hidden_size, *intermediate_size, *num_hidden_layers, *num_attention_heads, *max_position_embeddings,
        *norm_eps, *activation;
  } words;

  struct Defaults {  ///< where config.json does not say; 0: the field must be there
    std::int64_t max_position_embeddings;
    std::int64_t head_dim;             ///< 0: hidden_size / num_attention_heads
    bool kv_heads_are_heads;           ///< num_key_value_heads may be left out
    std::int64_t intermediate_factor;  ///< times hidden_size
    const char* activation;
    std::int64_t sliding_window;
    bool tie_word_embeddings;
  } defaults;

  struct Facts {  ///< what config.json never says
    NormKind norm;
    bool gated_mlp, parallel_block, qk_norm, learned_positions;
    RotaryStyle rotary_style;
    bool window_is_optional;  ///< a window counts only with use_sliding_window, from layer max_window_layers on
    Biases qkv_bias, o_bias, mlp_bias;
    bool head_bias;
  } facts;

  struct Names {         ///< of tensors, "PREFIX LAYERS N. NAME .weight"
    const char* prefix;  ///< of all but the head; a checkpoint of the bare model leaves it out
    const char *embed_tokens, *positions, *layers, *norm, *lm_head;
    const char *input_norm, *post_attention_norm, *q_norm, *k_norm;
    /// In the order of Module; neighbors of one name are one tensor, one after the other (GPT-2's c_attn), null: none.
    std::array<const char*, 7> modules;
    bool transposed;  ///< linear layers are stored [in, out] (GPT-2's Conv1D)
  } names;
};

std::span<const Family> families();
/// The row of a model_type, or null.
const Family* find_family(std::string_view model_type);
/// The row of a configuration that was read or made. Throws Error(kInternal) where there is none.
const Family& family_of(const ModelConfig& config);

}  // namespace matinee
