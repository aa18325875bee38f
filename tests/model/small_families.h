#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/model/model_config.h"

namespace matinee::testing {

/// A model with two layers of every family, and of its variants with biases and tied heads, by name. Twelve of the 13
/// tokens have no special role; `hidden_size` is a multiple of 8.
inline std::vector<std::pair<std::string, ModelConfig>> small_families(std::int64_t hidden_size) {
  const std::string llama_like =
      fmt::format(R"("vocab_size":13,"hidden_size":{},"intermediate_size":{},"num_hidden_layers":2,)"
                  R"("num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":16)",
                  hidden_size, hidden_size * 3 / 2);
  const std::string wide_heads = llama_like + fmt::format(R"(,"head_dim":{})", hidden_size / 2);
  const std::string gpt =
      fmt::format(R"("vocab_size":13,"n_embd":{},"n_layer":2,"n_head":2,"n_positions":16)", hidden_size);
  const std::string neox =
      fmt::format(R"("vocab_size":13,"hidden_size":{},"intermediate_size":{},"num_hidden_layers":2,)"
                  R"("num_attention_heads":2,"max_position_embeddings":16,"rotary_pct":0.5)",
                  hidden_size, hidden_size * 2);
  const std::vector<std::pair<std::string, std::string>> texts{
      {"llama", R"({"model_type":"llama",)" + wide_heads + "}"},
      {"llama_with_biases", R"({"model_type":"llama","attention_bias":true,"mlp_bias":true,)" + wide_heads + "}"},
      {"mistral", R"({"model_type":"mistral","sliding_window":4,)" + wide_heads + "}"},
      {"qwen2", R"({"model_type":"qwen2","tie_word_embeddings":true,)" + llama_like + "}"},
      {"qwen3", R"({"model_type":"qwen3",)" + wide_heads + "}"},
      {"gpt2", R"({"model_type":"gpt2",)" + gpt + "}"},
      {"gptj", fmt::format(R"({{"model_type":"gptj","rotary_dim":{},)", hidden_size / 4) + gpt + "}"},
      {"phi3", R"({"model_type":"phi3","tie_word_embeddings":true,"sliding_window":5,)" + llama_like + "}"},
      {"smollm3", R"({"model_type":"smollm3","no_rope_layers":[1,0],)" + llama_like + "}"},
      {"gpt_neox", R"({"model_type":"gpt_neox",)" + neox + "}"},
      {"gpt_neox_sequential",
       R"({"model_type":"gpt_neox","use_parallel_residual":false,"attention_bias":false,)" + neox + "}"},
      {"granite", R"({"model_type":"granite","embedding_multiplier":12,"attention_multiplier":0.4,)"
                  R"("residual_multiplier":0.22,"logits_scaling":6,"tie_word_embeddings":true,)" +
                      llama_like + "}"},
      {"gemma", R"({"model_type":"gemma",)" + wide_heads + "}"},
      // Caps that scores and logits reach; a layer with a window and one without, whose rotations differ in Gemma 3.
      {"gemma2", R"({"model_type":"gemma2","sliding_window":4,"query_pre_attn_scalar":9,"attn_logit_softcapping":2,)"
                 R"("final_logit_softcapping":1.5,)" +
                     wide_heads + "}"},
      {"gemma3_text", R"({"model_type":"gemma3_text","sliding_window":4,"query_pre_attn_scalar":9,)"
                      R"("sliding_window_pattern":2,"rope_theta":500,"rope_local_base_freq":20,)"
                      R"("rope_scaling":{"rope_type":"linear","factor":2},)" +
                          wide_heads + "}"},
      {"olmo2", R"({"model_type":"olmo2","attention_bias":true,)" + llama_like + "}"}};
  std::vector<std::pair<std::string, ModelConfig>> configs;
  for (const auto& [name, text] : texts) configs.emplace_back(name, parse_model_config(text, name));
  return configs;
}

}  // namespace matinee::testing
