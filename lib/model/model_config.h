#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/activation/activation.h"
#include "kernels/rotary/rotary.h"

namespace matinee {

enum class NormKind : std::uint8_t {
  kRms,    ///< RMSNorm
  kLayer,  ///< LayerNorm with bias
};

/// How rotary frequencies are scaled for texts longer than those of the first training.
enum class RotaryScaling : std::uint8_t {
  kNone,
  kLinear,    ///< every frequency divided by `factor`
  kDynamic,   ///< unscaled up to max_position_embeddings, and longer texts are not accepted
  kLlama3,    ///< long wavelengths divided by `factor`, short ones kept, blended between
  kYarn,      ///< pairs that turn rarely in the first length are divided by `factor`, others kept, blended between
  kLongrope,  ///< each pair has a divisor of its own: one list up to the first length, another for longer texts
};

/// Everything in which models differ, read from Hugging Face's config.json. The decoder depends on these facts only,
/// not on the family. The defaults are LLaMA's.
struct ModelConfig {
  std::string model_type = "llama";  ///< the family (families.h): names of tensors and fields
  std::int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  std::int64_t num_hidden_layers = 0, num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  NormKind norm = NormKind::kRms;
  double norm_eps = 1e-6;
  double norm_offset = 0;  ///< added to the stored weights of norms: files of Gemma hold weight - 1
  Activation activation = Activation::kSilu;
  bool gated_mlp = true;        ///< down(act(gate)·up); else down(act(up))
  bool parallel_block = false;  ///< attention and MLP read the same stream, and both are added to it
  bool pre_norms = true;        ///< attention and MLP read the stream through norms of their own
  bool shared_norm = false;     ///< in a parallel block: they read one norm of it (GPT-J)
  bool post_norms = false;      ///< what they add to the stream passes through norms
  bool qkv_bias = false, o_bias = false, mlp_bias = false, head_bias = false;
  bool qk_norm = false;             ///< RMSNorm of q and k before the rotation:
  bool qk_norm_of_heads = true;     ///< of each head; else of all heads together (OLMo 2)
  bool learned_positions = false;   ///< a position table is added to the embedding, instead of rotary embedding
  std::int64_t rotary_dim = 0;      ///< elements of a head that are rotated; 0: all
  std::vector<bool> rotary_layers;  ///< which layers rotate q and k (SmolLM3); empty: all
  RotaryStyle rotary_style = RotaryStyle::kHalfSplit;
  double rope_theta = 10000;
  double rope_local_theta = 0;  ///< of layers with a window, which are not scaled (Gemma 3); 0: they are as the others
  RotaryScaling rope_scaling = RotaryScaling::kNone;
  double rope_factor = 1, rope_low_freq_factor = 1, rope_high_freq_factor = 4;
  std::int64_t rope_original_max_positions = 0;    ///< the first length, of kLlama3, kYarn and kLongrope
  double rope_attention_factor = 1;                ///< of cos and sin, of kYarn and kLongrope
  double rope_beta_fast = 32, rope_beta_slow = 1;  ///< of kYarn: turns in the first length where the blend ends
  bool rope_truncate = true;                       ///< of kYarn: the blend begins and ends at whole pairs
  std::vector<double> rope_short_factors, rope_long_factors;  ///< of kLongrope: divisors of each rotated pair
  /// The longest text of this run (--seq-len, or a session's --max-tokens), which decides between short and long
  /// factors. 0: short.
  std::int64_t longest_text = 0;
  std::int64_t sliding_window = 0;   ///< tokens that a token attends to; 0: all before it
  std::vector<bool> sliding_layers;  ///< which layers have that window; empty: all
  double embedding_multiplier = 1;   ///< of the token embeddings
  double attention_multiplier = 0;   ///< of the attention's scores; 0: 1 / sqrt(head_dim)
  double residual_multiplier = 1;    ///< of what attention and MLP add; 1 with post_norms or a shared norm
  double logits_scaling = 1;         ///< a divisor of the logits
  double attention_softcap = 0;      ///< the attention's scores are capped softly (kernels/attention); 0: they are not
  double logit_softcap = 0;          ///< the same for the logits (kernels/softcap)
  bool tie_word_embeddings = false;
  std::int32_t bos_token_id = -1, eos_token_id = -1;

  std::int64_t q_size() const { return num_attention_heads * head_dim; }
  std::int64_t kv_size() const { return num_key_value_heads * head_dim; }
  /// Norms of q, or of k, for each token: one for each of its heads, or one over all.
  std::int64_t qk_norms(std::int64_t heads) const { return qk_norm_of_heads ? heads : 1; }
  /// Whether the MLP has a norm of its own before it.
  bool mlp_norm() const { return pre_norms && !shared_norm; }
  /// Whether a layer is one of those that have the window.
  bool is_sliding(std::int64_t layer) const {
    return sliding_layers.empty() || sliding_layers[static_cast<std::size_t>(layer)];
  }
  /// The window of one layer, 0: none.
  std::int64_t window_of(std::int64_t layer) const { return is_sliding(layer) ? sliding_window : 0; }
  /// Elements of a head that are rotated.
  std::int64_t rotated_elements() const { return rotary_dim > 0 ? rotary_dim : head_dim; }
  /// Whether a layer rotates q and k.
  bool rotates(std::int64_t layer) const {
    return !learned_positions && (rotary_layers.empty() || rotary_layers[static_cast<std::size_t>(layer)]);
  }
  /// Elements of all weights.
  std::int64_t parameters() const;
};

struct IgnoredFields;  // lib/model/unread_fields.h

/// Parses config.json. Throws Error(kBadData), naming the field, for anything that changes the mathematics and is not
/// supported: another family, activation or rope_scaling, a quantization_config, an unknown field that is not in
/// `ignored`. The base's own dropouts (attn_pdrop ...) are ignored, since it is frozen or trained without dropout.
/// `name` is for messages.
ModelConfig parse_model_config(std::string_view json, const std::string& name, const IgnoredFields& ignored);
ModelConfig parse_model_config(std::string_view json, const std::string& name);
/// The configuration of the base at this path: of a GGUF file (gguf_of_base, gguf_config), or else config.json in the
/// folder; Error(kMissing) if there is none.
ModelConfig read_model_config(const std::string& base, const IgnoredFields& ignored);
ModelConfig read_model_config(const std::string& base);
/// The config.json of a model we write; `dtype` is "bfloat16" or "float32".
std::string model_config_json(const ModelConfig& config, std::string_view dtype);

}  // namespace matinee
