#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace matinee {

/// The facts in which model families differ, as read from Hugging Face's config.json. The decoder reads these facts and
/// knows no family.
struct ModelConfig {
  std::string model_type = "llama";
  std::int64_t vocab_size = 0, hidden_size = 0, intermediate_size = 0;
  std::int64_t num_hidden_layers = 0, num_attention_heads = 0, num_key_value_heads = 0, head_dim = 0;
  std::int64_t max_position_embeddings = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000;
  bool tie_word_embeddings = false;
  std::int32_t bos_token_id = -1, eos_token_id = -1;

  std::int64_t q_size() const { return num_attention_heads * head_dim; }
  std::int64_t kv_size() const { return num_key_value_heads * head_dim; }
  /// Elements of all weights.
  std::int64_t parameters() const;
};

/// Reads config.json's text. A field that changes the mathematics and is not understood (rope_scaling, attention_bias,
/// quantization_config, another hidden_act, another family) is refused by name: Error(kBadData). `name` is for
/// messages.
ModelConfig parse_model_config(std::string_view json, const std::string& name);
/// The same of `folder`/config.json; Error(kMissing) where there is none.
ModelConfig read_model_config(const std::string& folder);
/// The config.json of a model we write; `dtype` is "bfloat16" or "float32".
std::string model_config_json(const ModelConfig& config, std::string_view dtype);

}  // namespace matinee
