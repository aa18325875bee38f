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
  kByConfig,   ///< set by attention_bias and mlp_bias of config.json, without them no
  kUnlessOff,  ///< the same, without them yes
};

/// One family of models: the field names and defaults of its config.json, its fixed properties, and its tensor names.
/// A new family without new mathematics is a new row of the table in families.cc.
struct Family {
  static constexpr std::int64_t kNoWindow = -1;

  const char* model_type;    ///< as in config.json
  const char* architecture;  ///< the class in transformers

  /// Fields of config.json that are read for this family only, separated by spaces. In another family they must be off
  /// or have the value that changes nothing.
  const char* own_fields;

  struct Words {  ///< names of fields in config.json
    const char *hidden_size, *intermediate_size, *num_hidden_layers, *num_attention_heads, *max_position_embeddings,
        *norm_eps, *activation, *rope_theta;
    const char* rotary_share;  ///< share of a head that is rotated; null: `rotary_dim` counts its elements
  } words;

  struct Defaults {  ///< for fields that config.json lacks; 0: the field is required
    std::int64_t max_position_embeddings;
    std::int64_t head_dim;             ///< 0: hidden_size / num_attention_heads
    bool kv_heads_are_heads;           ///< num_key_value_heads defaults to num_attention_heads
    std::int64_t intermediate_factor;  ///< times hidden_size
    const char* activation;
    std::int64_t sliding_window;  ///< 0: the family has none; kNoWindow: it can have one
    double rope_theta, rotary_share, norm_eps;
    bool tie_word_embeddings;
    // Of families that read these fields; 0: none.
    double attention_softcap = 0, logit_softcap = 0, query_pre_attn_scalar = 0;
    double rope_local_theta = 0;              ///< rotary base of layers with a window
    std::int64_t sliding_window_pattern = 0;  ///< every n-th layer has no window
  } defaults;

  struct Facts {  ///< properties that config.json does not mention
    NormKind norm;
    bool gated_mlp, parallel_block, shared_norm, qk_norm, learned_positions;
    RotaryStyle rotary_style;
    bool window_is_optional;  ///< a window counts only with use_sliding_window, from layer max_window_layers on
    Biases qkv_bias, o_bias, mlp_bias;
    bool head_bias;
    bool pre_norms = true, post_norms = false, qk_norm_of_heads = true;
    double norm_offset = 0;
    bool scaled_embedding = false;  ///< embeddings are multiplied by sqrt(hidden_size)
    bool gelu_is_tanh = false;      ///< files say gelu where gelu_pytorch_tanh is meant
  } facts;

  struct Names {         ///< parts of tensor names: "PREFIX LAYERS N. NAME .weight"
    const char* prefix;  ///< of all tensors but the head; missing in a checkpoint of the bare model
    const char *embed_tokens, *positions, *layers, *norm, *lm_head;
    const char *input_norm, *mlp_norm, *q_norm, *k_norm;
    /// By Module. Neighbors with the same name are stored as one tensor (GPT-2's c_attn). Null: no such module.
    std::array<const char*, 7> modules;
    bool transposed;            ///< linear layers are stored [in, out] (GPT-2's Conv1D)
    bool rows_by_head = false;  ///< a tensor of q, k and v has its rows head by head (RowOrder)
    const char *attention_output_norm = nullptr, *mlp_output_norm = nullptr;  ///< with post_norms
  } names;

  /// Whether `field` is one of own_fields.
  bool reads(std::string_view field) const;
};

std::span<const Family> families();
/// The row of a model_type, or null.
const Family* find_family(std::string_view model_type);
/// The row of config.model_type. Throws Error(kInternal) if there is none.
const Family& family_of(const ModelConfig& config);

}  // namespace matinee
