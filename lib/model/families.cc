#include "lib/model/families.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/model/config_fields.h"

namespace matinee {
namespace {

constexpr Family::Words kLlamaWords{.hidden_size = "hidden_size",
                                    .intermediate_size = "intermediate_size",
                                    .num_hidden_layers = "num_hidden_layers",
                                    .num_attention_heads = "num_attention_heads",
                                    .max_position_embeddings = "max_position_embeddings",
                                    .norm_eps = "rms_norm_eps",
                                    .activation = "hidden_act",
                                    .rope_theta = "rope_theta",
                                    .rotary_share = nullptr};
constexpr Family::Words kGptWords{.hidden_size = "n_embd",
                                  .intermediate_size = "n_inner",
                                  .num_hidden_layers = "n_layer",
                                  .num_attention_heads = "n_head",
                                  .max_position_embeddings = "n_positions",
                                  .norm_eps = "layer_norm_epsilon",
                                  .activation = "activation_function",
                                  .rope_theta = "rope_theta",
                                  .rotary_share = nullptr};

constexpr Family::Names kLlamaNames{.prefix = "model.",
                                    .embed_tokens = "embed_tokens",
                                    .positions = nullptr,
                                    .layers = "layers.",
                                    .norm = "norm",
                                    .lm_head = "lm_head",
                                    .input_norm = "input_layernorm",
                                    .mlp_norm = "post_attention_layernorm",
                                    .q_norm = nullptr,
                                    .k_norm = nullptr,
                                    .modules = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                                                "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"},
                                    .transposed = false};

constexpr Family::Names with_head_norms(Family::Names names) {
  names.q_norm = "self_attn.q_norm";
  names.k_norm = "self_attn.k_norm";
  return names;
}

constexpr Family kLlama{
    .model_type = "llama",
    .architecture = "LlamaForCausalLM",
    .own_fields = "",
    .words = kLlamaWords,
    .defaults = {.max_position_embeddings = 2048,
                 .head_dim = 0,
                 .kv_heads_are_heads = true,
                 .intermediate_factor = 0,
                 .activation = "silu",
                 .sliding_window = 0,
                 .rope_theta = 10000,
                 .rotary_share = 1,
                 .norm_eps = 1e-6,
                 .tie_word_embeddings = false},
    .facts = {.norm = NormKind::kRms,
              .gated_mlp = true,
              .parallel_block = false,
              .shared_norm = false,
              .qk_norm = false,
              .learned_positions = false,
              .rotary_style = RotaryStyle::kHalfSplit,
              .window_is_optional = false,
              .qkv_bias = Biases::kByConfig,
              .o_bias = Biases::kByConfig,
              .mlp_bias = Biases::kByConfig,
              .head_bias = false},
    .names = kLlamaNames,
};

constexpr Family make_mistral() {
  Family family = kLlama;
  family.model_type = "mistral";
  family.architecture = "MistralForCausalLM";
  family.defaults.max_position_embeddings = 131072;
  family.defaults.kv_heads_are_heads = false;
  family.defaults.sliding_window = 4096;
  family.facts.qkv_bias = family.facts.o_bias = family.facts.mlp_bias = Biases::kNever;
  return family;
}

constexpr Family make_qwen2() {
  Family family = kLlama;
  family.model_type = "qwen2";
  family.architecture = "Qwen2ForCausalLM";
  family.defaults.max_position_embeddings = 32768;
  family.defaults.kv_heads_are_heads = false;
  family.defaults.sliding_window = 4096;
  family.facts.window_is_optional = true;
  family.facts.qkv_bias = Biases::kAlways;
  family.facts.o_bias = family.facts.mlp_bias = Biases::kNever;
  return family;
}

constexpr Family make_qwen3() {
  Family family = make_qwen2();
  family.model_type = "qwen3";
  family.architecture = "Qwen3ForCausalLM";
  family.defaults.head_dim = 128;
  family.facts.qk_norm = true;
  family.facts.qkv_bias = family.facts.o_bias = Biases::kByConfig;
  family.names = with_head_norms(kLlamaNames);
  return family;
}

constexpr Family make_phi3() {
  Family family = kLlama;
  family.model_type = "phi3";
  family.architecture = "Phi3ForCausalLM";
  family.own_fields = "original_max_position_embeddings partial_rotary_factor";
  family.words.rotary_share = "partial_rotary_factor";
  family.defaults.max_position_embeddings = 4096;
  family.defaults.norm_eps = 1e-5;
  family.defaults.sliding_window = Family::kNoWindow;
  family.facts.qkv_bias = family.facts.o_bias = family.facts.mlp_bias = Biases::kNever;
  family.names.modules = {"self_attn.qkv_proj", "self_attn.qkv_proj", "self_attn.qkv_proj", "self_attn.o_proj",
                          "mlp.gate_up_proj",   "mlp.gate_up_proj",   "mlp.down_proj"};
  return family;
}

constexpr Family make_smollm3() {
  Family family = kLlama;
  family.model_type = "smollm3";
  family.architecture = "SmolLM3ForCausalLM";
  family.own_fields = "no_rope_layers no_rope_layer_interval";
  family.defaults.max_position_embeddings = 32768;
  family.defaults.kv_heads_are_heads = false;
  family.defaults.sliding_window = Family::kNoWindow;
  family.defaults.rope_theta = 2e6;
  family.defaults.tie_word_embeddings = true;
  family.facts.window_is_optional = true;
  return family;
}

constexpr Family make_granite() {
  Family family = kLlama;
  family.model_type = "granite";
  family.architecture = "GraniteForCausalLM";
  family.own_fields = "embedding_multiplier attention_multiplier residual_multiplier logits_scaling";
  return family;
}

constexpr Family make_gemma() {
  Family family = kLlama;
  family.model_type = "gemma";
  family.architecture = "GemmaForCausalLM";
  family.own_fields = "hidden_activation";
  family.defaults.max_position_embeddings = 8192;
  family.defaults.head_dim = 256;
  family.defaults.activation = "gelu_pytorch_tanh";
  family.defaults.tie_word_embeddings = true;
  family.facts.mlp_bias = Biases::kNever;
  family.facts.norm_offset = 1;
  family.facts.scaled_embedding = true;
  family.facts.gelu_is_tanh = true;
  return family;
}

constexpr Family make_gemma2() {
  Family family = make_gemma();
  family.model_type = "gemma2";
  family.architecture = "Gemma2ForCausalLM";
  family.own_fields = "hidden_activation query_pre_attn_scalar attn_logit_softcapping final_logit_softcapping";
  family.words.activation = "hidden_activation";
  family.defaults.kv_heads_are_heads = false;
  family.defaults.sliding_window = 4096;
  family.defaults.attention_softcap = 50;
  family.defaults.logit_softcap = 30;
  family.defaults.query_pre_attn_scalar = 256;
  family.defaults.sliding_window_pattern = 2;
  family.facts.post_norms = true;
  family.names.attention_output_norm = "post_attention_layernorm";
  family.names.mlp_norm = "pre_feedforward_layernorm";
  family.names.mlp_output_norm = "post_feedforward_layernorm";
  return family;
}

constexpr Family make_gemma3_text() {
  Family family = make_gemma2();
  family.model_type = "gemma3_text";
  family.architecture = "Gemma3ForCausalLM";
  family.own_fields =
      "hidden_activation query_pre_attn_scalar attn_logit_softcapping final_logit_softcapping sliding_window_pattern "
      "rope_local_base_freq";
  family.defaults.max_position_embeddings = 131072;
  family.defaults.rope_theta = 1e6;
  family.defaults.rope_local_theta = 1e4;
  family.defaults.attention_softcap = family.defaults.logit_softcap = 0;
  family.defaults.sliding_window_pattern = 6;
  family.facts.qk_norm = true;
  family.names.q_norm = "self_attn.q_norm";
  family.names.k_norm = "self_attn.k_norm";
  return family;
}

constexpr Family make_olmo2() {
  Family family = kLlama;
  family.model_type = "olmo2";
  family.architecture = "Olmo2ForCausalLM";
  family.defaults.norm_eps = 1e-5;
  family.facts.mlp_bias = Biases::kNever;
  family.facts.pre_norms = false;
  family.facts.post_norms = true;
  family.facts.qk_norm = true;
  family.facts.qk_norm_of_heads = false;
  family.names = with_head_norms(kLlamaNames);
  family.names.input_norm = family.names.mlp_norm = nullptr;
  family.names.attention_output_norm = "post_attention_layernorm";
  family.names.mlp_output_norm = "post_feedforward_layernorm";
  return family;
}

constexpr Family kGpt2{
    .model_type = "gpt2",
    .architecture = "GPT2LMHeadModel",
    .own_fields = "",
    .words = kGptWords,
    .defaults = {.max_position_embeddings = 1024,
                 .head_dim = 0,
                 .kv_heads_are_heads = true,
                 .intermediate_factor = 4,
                 .activation = "gelu_new",
                 .sliding_window = 0,
                 .rope_theta = 10000,
                 .rotary_share = 1,
                 .norm_eps = 1e-5,
                 .tie_word_embeddings = true},
    .facts = {.norm = NormKind::kLayer,
              .gated_mlp = false,
              .parallel_block = false,
              .shared_norm = false,
              .qk_norm = false,
              .learned_positions = true,
              .rotary_style = RotaryStyle::kHalfSplit,
              .window_is_optional = false,
              .qkv_bias = Biases::kAlways,
              .o_bias = Biases::kAlways,
              .mlp_bias = Biases::kAlways,
              .head_bias = false},
    .names = {.prefix = "transformer.",
              .embed_tokens = "wte",
              .positions = "wpe",
              .layers = "h.",
              .norm = "ln_f",
              .lm_head = "lm_head",
              .input_norm = "ln_1",
              .mlp_norm = "ln_2",
              .q_norm = nullptr,
              .k_norm = nullptr,
              .modules = {"attn.c_attn", "attn.c_attn", "attn.c_attn", "attn.c_proj", nullptr, "mlp.c_fc",
                          "mlp.c_proj"},
              .transposed = true},
};

constexpr Family make_gpt_neox() {
  Family family = kGpt2;
  family.model_type = "gpt_neox";
  family.architecture = "GPTNeoXForCausalLM";
  family.own_fields = "rotary_pct rotary_emb_base use_parallel_residual";
  family.words = kLlamaWords;
  family.words.norm_eps = "layer_norm_eps";
  family.words.rope_theta = "rotary_emb_base";
  family.words.rotary_share = "rotary_pct";
  family.defaults.max_position_embeddings = 2048;
  family.defaults.intermediate_factor = 0;
  family.defaults.activation = "gelu";
  family.defaults.rotary_share = 0.25;
  family.defaults.tie_word_embeddings = false;
  family.facts.parallel_block = true;
  family.facts.learned_positions = false;
  family.facts.qkv_bias = Biases::kUnlessOff;
  family.facts.o_bias = Biases::kByConfig;
  family.names = kLlamaNames;
  family.names.prefix = "gpt_neox.";
  family.names.embed_tokens = "embed_in";
  family.names.norm = "final_layer_norm";
  family.names.lm_head = "embed_out";
  family.names.modules = {
      "attention.query_key_value", "attention.query_key_value", "attention.query_key_value", "attention.dense", nullptr,
      "mlp.dense_h_to_4h",         "mlp.dense_4h_to_h"};
  family.names.rows_by_head = true;
  return family;
}

constexpr Family make_gptj() {
  Family family = kGpt2;
  family.model_type = "gptj";
  family.architecture = "GPTJForCausalLM";
  family.defaults.max_position_embeddings = 2048;
  family.defaults.tie_word_embeddings = false;
  family.facts.parallel_block = true;
  family.facts.shared_norm = true;
  family.facts.learned_positions = false;
  family.facts.rotary_style = RotaryStyle::kInterleaved;
  family.facts.qkv_bias = family.facts.o_bias = Biases::kNever;
  family.facts.head_bias = true;
  family.names.positions = nullptr;
  family.names.mlp_norm = nullptr;
  family.names.modules = {"attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.out_proj",
                          nullptr,       "mlp.fc_in",   "mlp.fc_out"};
  family.names.transposed = false;
  return family;
}

constexpr std::array<Family, 14> kFamilies{
    kLlama,       make_mistral(), make_qwen2(),       make_qwen3(), make_phi3(), make_smollm3(),  make_granite(),
    make_gemma(), make_gemma2(),  make_gemma3_text(), make_olmo2(), kGpt2,       make_gpt_neox(), make_gptj()};

}  // namespace

bool Family::reads(std::string_view field) const { return is_listed(own_fields, field); }

std::span<const Family> families() { return kFamilies; }

const Family* find_family(std::string_view model_type) {
  const auto found = std::find_if(kFamilies.begin(), kFamilies.end(),
                                  [&](const Family& family) { return family.model_type == model_type; });
  return found == kFamilies.end() ? nullptr : &*found;
}

const Family& family_of(const ModelConfig& config) {
  const Family* family = find_family(config.model_type);
  if (family == nullptr) contract_violation("family_of", "model_type is one of the table");
  return *family;
}

}  // namespace matinee
