// config.json as it is published: the fields of real files, with what the decoder shall make of them.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "lib/model/model_config.h"
#include "lib/model/rotary_tables.h"
#include "lib/model/unread_fields.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

struct Published {
  const char* name;
  const char* json;
  double billions;  // parameters, rounded to a thousandth
};

const std::vector<Published> kPublished{
    {"SmolLM2-135M-Instruct",
     R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":1,
"eos_token_id":2,"hidden_act":"silu","hidden_size":576,"initializer_range":0.041666666666666664,
"intermediate_size":1536,"is_llama_config":true,"max_position_embeddings":8192,"mlp_bias":false,"model_type":"llama",
"num_attention_heads":9,"num_hidden_layers":30,"num_key_value_heads":3,"pad_token_id":2,"pretraining_tp":1,
"rms_norm_eps":1e-05,"rope_interleaved":false,"rope_scaling":null,"rope_theta":100000,"tie_word_embeddings":true,
"torch_dtype":"bfloat16","transformers.js_config":{"kv_cache_dtype":{"q4f16":"float16","fp16":"float16"}},
"transformers_version":"4.42.3","use_cache":true,"vocab_size":49152})",
     0.135},
    {"gpt2-medium",
     R"({"activation_function":"gelu_new","architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"bos_token_id":50256,
"embd_pdrop":0.1,"eos_token_id":50256,"initializer_range":0.02,"layer_norm_epsilon":1e-05,"model_type":"gpt2",
"n_ctx":1024,"n_embd":1024,"n_head":16,"n_layer":24,"n_positions":1024,"n_special":0,"predict_special_tokens":true,
"resid_pdrop":0.1,"summary_activation":null,"summary_first_dropout":0.1,"summary_proj_to_labels":true,
"summary_type":"cls_index","summary_use_proj":true,
"task_specific_params":{"text-generation":{"do_sample":true,"max_length":50}},"vocab_size":50257})",
     0.355},
    {"gpt2-xl",
     R"({"activation_function":"gelu_new","architectures":["GPT2LMHeadModel"],"attn_pdrop":0.1,"bos_token_id":50256,
"embd_pdrop":0.1,"eos_token_id":50256,"initializer_range":0.02,"layer_norm_epsilon":1e-05,"model_type":"gpt2",
"n_ctx":1024,"n_embd":1600,"n_head":25,"n_layer":48,"n_positions":1024,"output_past":true,"resid_pdrop":0.1,
"summary_activation":null,"summary_first_dropout":0.1,"summary_proj_to_labels":true,"summary_type":"cls_index",
"summary_use_proj":true,"task_specific_params":{"text-generation":{"do_sample":true,"max_length":50}},
"vocab_size":50257})",
     1.558},
    {"TinyLlama-1.1B-Chat",
     R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":1,"eos_token_id":2,
"hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,"intermediate_size":5632,
"max_position_embeddings":2048,"model_type":"llama","num_attention_heads":32,"num_hidden_layers":22,
"num_key_value_heads":4,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":10000.0,
"tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.35.0","use_cache":true,
"vocab_size":32000})",
     1.1},
    {"Llama-2-7b-chat",
     R"({"_name_or_path":"meta-llama/Llama-2-7b-chat-hf","architectures":["LlamaForCausalLM"],"bos_token_id":1,
"eos_token_id":2,"hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,"intermediate_size":11008,
"max_length":4096,"max_position_embeddings":4096,"model_type":"llama","num_attention_heads":32,
"num_hidden_layers":32,"num_key_value_heads":32,"pad_token_id":0,"pretraining_tp":1,"rms_norm_eps":1e-05,
"rope_scaling":null,"tie_word_embeddings":false,"torch_dtype":"float16","transformers_version":"4.32.0.dev0",
"use_cache":true,"vocab_size":32000})",
     6.738},
    {"Vicuna-like fine-tuning",
     R"({"_name_or_path":"lmsys/vicuna-7b-v1.5","architectures":["LlamaForCausalLM"],"bos_token_id":1,"eos_token_id":2,
"freeze":false,"gradient_checkpointing":true,"hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,
"intermediate_size":11008,"max_position_embeddings":4096,"max_sequence_length":2048,"model_type":"llama",
"neftune_noise_alpha":5,"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":32,"num_labels":1,
"pad_token_id":0,"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_scaling":null,"dropout":0.0,
"tie_word_embeddings":false,"tokenizer_model_max_length":4096,"tokenizer_padding_side":"right",
"torch_dtype":"float16","transformers_version":"4.31.0","trust_remote_code":true,"unsloth_version":"2024.9",
"use_cache":true,"use_flash_attention":true,"vocab_size":32000})",
     6.738},
    {"Llama-3.1-8B-Instruct",
     R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":128000,
"eos_token_id":[128001,128008,128009],"hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,
"intermediate_size":14336,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama",
"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"pretraining_tp":1,"rms_norm_eps":1e-05,
"rope_scaling":{"factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,
"rope_type":"llama3"},"rope_theta":500000.0,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
"transformers_version":"4.42.3","use_cache":true,"vocab_size":128256})",
     8.03},
    {"Llama-3.2-1B",
     R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":128000,
"eos_token_id":128001,"head_dim":64,"hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,
"intermediate_size":8192,"max_position_embeddings":131072,"mlp_bias":false,"model_type":"llama",
"num_attention_heads":32,"num_hidden_layers":16,"num_key_value_heads":8,"pretraining_tp":1,"rms_norm_eps":1e-05,
"rope_scaling":{"factor":32.0,"high_freq_factor":4.0,"low_freq_factor":1.0,"original_max_position_embeddings":8192,
"rope_type":"llama3"},"rope_theta":500000.0,"tie_word_embeddings":true,"torch_dtype":"bfloat16",
"transformers_version":"4.45.0.dev0","use_cache":true,"vocab_size":128256})",
     1.236},
    {"Qwen2.5-0.5B-Instruct",
     R"({"architectures":["Qwen2ForCausalLM"],"attention_dropout":0.0,"bos_token_id":151643,"eos_token_id":151645,
"hidden_act":"silu","hidden_size":896,"initializer_range":0.02,"intermediate_size":4864,
"max_position_embeddings":32768,"max_window_layers":21,"model_type":"qwen2","num_attention_heads":14,
"num_hidden_layers":24,"num_key_value_heads":2,"rms_norm_eps":1e-06,"rope_theta":1000000.0,"sliding_window":32768,
"tie_word_embeddings":true,"torch_dtype":"bfloat16","transformers_version":"4.43.1","use_cache":true,
"use_mrope":false,"use_sliding_window":false,"vocab_size":151936})",
     0.494},
    {"Qwen2.5-7B with YaRN",
     R"({"architectures":["Qwen2ForCausalLM"],"attention_dropout":0.0,"bos_token_id":151643,"eos_token_id":151645,
"hidden_act":"silu","hidden_size":3584,"initializer_range":0.02,"intermediate_size":18944,
"max_position_embeddings":32768,"max_window_layers":28,"model_type":"qwen2","num_attention_heads":28,
"num_hidden_layers":28,"num_key_value_heads":4,"rms_norm_eps":1e-06,"rope_theta":1000000.0,
"rope_scaling":{"factor":4.0,"original_max_position_embeddings":32768,"type":"yarn"},"sliding_window":131072,
"tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.43.1","use_cache":true,
"use_sliding_window":false,"vocab_size":152064})",
     7.616},
    {"Qwen3-0.6B",
     R"({"architectures":["Qwen3ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":151643,
"eos_token_id":151645,"head_dim":128,"hidden_act":"silu","hidden_size":1024,"initializer_range":0.02,
"intermediate_size":3072,"max_position_embeddings":40960,"max_window_layers":28,"model_type":"qwen3",
"num_attention_heads":16,"num_hidden_layers":28,"num_key_value_heads":8,"rms_norm_eps":1e-06,"rope_scaling":null,
"rope_theta":1000000,"sliding_window":null,"tie_word_embeddings":true,"torch_dtype":"bfloat16",
"transformers_version":"4.51.0","use_cache":true,"use_sliding_window":false,"vocab_size":151936})",
     0.596},
    {"Mistral-7B-v0.1",
     R"({"architectures":["MistralForCausalLM"],"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu",
"hidden_size":4096,"initializer_range":0.02,"intermediate_size":14336,"max_position_embeddings":32768,
"model_type":"mistral","num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":8,"rms_norm_eps":1e-05,
"rope_theta":10000.0,"sliding_window":4096,"tie_word_embeddings":false,"torch_dtype":"bfloat16",
"transformers_version":"4.34.0.dev0","use_cache":true,"vocab_size":32000})",
     7.242},
    {"Phi-3-mini-4k-instruct",
     R"({"_name_or_path":"Phi-3-mini-4k-instruct","architectures":["Phi3ForCausalLM"],"attention_dropout":0.0,
"auto_map":{"AutoConfig":"configuration_phi3.Phi3Config","AutoModelForCausalLM":"modeling_phi3.Phi3ForCausalLM"},
"bos_token_id":1,"embd_pdrop":0.0,"eos_token_id":32000,"hidden_act":"silu","hidden_size":3072,
"initializer_range":0.02,"intermediate_size":8192,"max_position_embeddings":4096,"model_type":"phi3",
"num_attention_heads":32,"num_hidden_layers":32,"num_key_value_heads":32,"original_max_position_embeddings":4096,
"pad_token_id":32000,"resid_pdrop":0.0,"rms_norm_eps":1e-05,"rope_scaling":null,"rope_theta":10000.0,
"sliding_window":2047,"tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.40.2",
"use_cache":true,"attention_bias":false,"vocab_size":32064})",
     3.821},
    {"SmolLM3-3B",
     R"({"architectures":["SmolLM3ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":128000,
"eos_token_id":128012,"hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,"intermediate_size":11008,
"layer_types":["full_attention","full_attention","full_attention","full_attention","full_attention",
"full_attention","full_attention","full_attention"],"max_position_embeddings":65536,"max_window_layers":28,
"mlp_bias":false,"model_type":"smollm3","no_rope_layer_interval":4,"no_rope_layers":[1,1,1,0,1,1,1,0],
"num_attention_heads":16,"num_hidden_layers":8,"num_key_value_heads":4,"pad_token_id":128004,"pretraining_tp":2,
"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":5000000.0,"sliding_window":null,"torch_dtype":"bfloat16",
"transformers_version":"4.54.0.dev0","use_cache":false,"use_sliding_window":false,"vocab_size":128256})",
     0.888},  // eight of its 36 layers
    {"granite-3.1-2b-instruct",
     R"({"architectures":["GraniteForCausalLM"],"attention_bias":false,"attention_dropout":0.1,
"attention_multiplier":0.015625,"bos_token_id":0,"embedding_multiplier":12.0,"eos_token_id":0,"hidden_act":"silu",
"hidden_size":2048,"initializer_range":0.02,"intermediate_size":8192,"logits_scaling":8.0,
"max_position_embeddings":131072,"mlp_bias":false,"model_type":"granite","num_attention_heads":32,
"num_hidden_layers":40,"num_key_value_heads":8,"pad_token_id":0,"residual_multiplier":0.22,"rms_norm_eps":1e-05,
"rope_scaling":null,"rope_theta":5000000.0,"tie_word_embeddings":true,"torch_dtype":"bfloat16",
"transformers_version":"4.46.0.dev0","use_cache":true,"vocab_size":49155})",
     2.534},
    {"gemma-2b",
     R"({"architectures":["GemmaForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"bos_token_id":2,
"eos_token_id":1,"head_dim":256,"hidden_act":"gelu","hidden_activation":null,"hidden_size":2048,
"initializer_range":0.02,"intermediate_size":16384,"max_position_embeddings":8192,"model_type":"gemma",
"num_attention_heads":8,"num_hidden_layers":18,"num_key_value_heads":1,"pad_token_id":0,"rms_norm_eps":1e-06,
"rope_scaling":null,"rope_theta":10000.0,"torch_dtype":"bfloat16","transformers_version":"4.38.0.dev0",
"use_cache":true,"vocab_size":256000})",
     2.506},
    {"gemma-2-2b-it",
     R"({"architectures":["Gemma2ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
"attn_logit_softcapping":50.0,"bos_token_id":2,"cache_implementation":"hybrid","eos_token_id":[1,107],
"final_logit_softcapping":30.0,"head_dim":256,"hidden_act":"gelu_pytorch_tanh",
"hidden_activation":"gelu_pytorch_tanh","hidden_size":2304,"initializer_range":0.02,"intermediate_size":9216,
"max_position_embeddings":8192,"model_type":"gemma2","num_attention_heads":8,"num_hidden_layers":26,
"num_key_value_heads":4,"pad_token_id":0,"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_theta":10000.0,
"sliding_window":4096,"torch_dtype":"bfloat16","transformers_version":"4.42.4","use_cache":true,
"vocab_size":256000})",
     2.614},
    {"gemma-3-1b-it",
     R"({"architectures":["Gemma3ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,
"attn_logit_softcapping":null,"bos_token_id":2,"cache_implementation":"hybrid","eos_token_id":[1,106],
"final_logit_softcapping":null,"head_dim":256,"hidden_activation":"gelu_pytorch_tanh","hidden_size":1152,
"initializer_range":0.02,"intermediate_size":6912,"max_position_embeddings":32768,"model_type":"gemma3_text",
"num_attention_heads":4,"num_hidden_layers":26,"num_key_value_heads":1,"pad_token_id":0,
"query_pre_attn_scalar":256,"rms_norm_eps":1e-06,"rope_local_base_freq":10000,"rope_scaling":null,
"rope_theta":1000000,"sliding_window":512,"sliding_window_pattern":6,"torch_dtype":"bfloat16",
"transformers_version":"4.50.0.dev0","use_cache":true,"vocab_size":262144})",
     1.0},
    {"OLMo-2-0425-1B",
     R"({"architectures":["Olmo2ForCausalLM"],"attention_bias":false,"attention_dropout":0.0,"eos_token_id":100257,
"hidden_act":"silu","hidden_size":2048,"initializer_range":0.02,"intermediate_size":8192,
"max_position_embeddings":4096,"model_type":"olmo2","num_attention_heads":16,"num_hidden_layers":16,
"num_key_value_heads":16,"pad_token_id":100277,"rms_norm_eps":1e-06,"rope_scaling":null,"rope_theta":500000,
"tie_word_embeddings":false,"torch_dtype":"float32","transformers_version":"4.47.0","use_cache":true,
"vocab_size":100352})",
     1.485},
    {"pythia-1b",
     R"({"architectures":["GPTNeoXForCausalLM"],"bos_token_id":0,"eos_token_id":0,"hidden_act":"gelu",
"hidden_size":2048,"initializer_range":0.02,"intermediate_size":8192,"layer_norm_eps":1e-05,
"max_position_embeddings":2048,"model_type":"gpt_neox","num_attention_heads":8,"num_hidden_layers":16,
"rotary_emb_base":10000,"rotary_pct":0.25,"tie_word_embeddings":false,"torch_dtype":"float16",
"transformers_version":"4.24.0","use_cache":true,"use_parallel_residual":true,"vocab_size":50304})",
     1.012},
    {"gpt-neox-20b",
     R"({"architectures":["GPTNeoXForCausalLM"],"attention_probs_dropout_prob":0,"bos_token_id":0,"eos_token_id":0,
"hidden_act":"gelu_fast","hidden_dropout_prob":0,"hidden_size":6144,"initializer_range":0.02,
"intermediate_size":24576,"layer_norm_eps":1e-05,"max_position_embeddings":2048,"model_type":"gpt_neox",
"num_attention_heads":64,"num_hidden_layers":44,"rotary_emb_base":10000,"rotary_pct":0.25,
"tie_word_embeddings":false,"torch_dtype":"float16","transformers_version":"4.19.0.dev0","use_cache":true,
"vocab_size":50432})",
     20.555},
    {"a sequential GPT-NeoX",
     R"({"architectures":["GPTNeoXForCausalLM"],"attention_bias":true,"attention_dropout":0.0,"bos_token_id":0,
"classifier_dropout":0.1,"eos_token_id":0,"hidden_act":"gelu","hidden_dropout":0.0,"hidden_size":1024,
"initializer_range":0.02,"intermediate_size":4096,"layer_norm_eps":1e-05,"max_position_embeddings":2048,
"model_type":"gpt_neox","num_attention_heads":16,"num_hidden_layers":24,"rope_scaling":null,"rotary_emb_base":10000,
"rotary_pct":1.0,"tie_word_embeddings":false,"torch_dtype":"float16","transformers_version":"4.38.2",
"use_cache":true,"use_parallel_residual":false,"vocab_size":50304})",
     0.405},
};

TEST(ConfigFiles, PublishedOnesAreRead) {
  for (const Published& published : kPublished) {
    SCOPED_TRACE(published.name);
    const ModelConfig config = parse_model_config(published.json, published.name);
    EXPECT_NEAR(static_cast<double>(config.parameters()) / 1e9, published.billions, 0.0006);
    const std::string ours = model_config_json(config, "bfloat16");
    EXPECT_EQ(model_config_json(parse_model_config(ours, "our own"), "bfloat16"), ours);
  }
}

// Gemma 3's rotation in the fields of older and of newer files; only layers without a window are scaled.
TEST(ConfigFiles, RotationByKindOfLayer) {
  const std::string shape =
      R"({"model_type":"gemma3_text","vocab_size":10,"hidden_size":32,"intermediate_size":8,"num_hidden_layers":2,)"
      R"("num_attention_heads":2,"num_key_value_heads":1,"layer_types":["sliding_attention","full_attention"],)";
  const std::string older = R"("rope_theta":1e6,"rope_local_base_freq":2e4,"rope_scaling":{"factor":8.0,)"
                            R"("rope_type":"linear"}})";
  const std::string newer = R"("rope_parameters":{"full_attention":{"rope_type":"linear","factor":8.0,)"
                            R"("rope_theta":1e6},"sliding_attention":{"rope_type":"default","rope_theta":2e4}}})";
  for (const std::string& fields : {older, newer}) {
    const ModelConfig config = parse_model_config(shape + fields, "config.json");
    EXPECT_DOUBLE_EQ(config.rope_theta, 1e6);
    EXPECT_DOUBLE_EQ(config.rope_local_theta, 2e4);
    EXPECT_EQ(config.rope_scaling, RotaryScaling::kLinear);
    EXPECT_DOUBLE_EQ(rotary_frequencies(config)[0], 0.125);
    EXPECT_DOUBLE_EQ(local_rotary_frequencies(config)[0], 1);
    EXPECT_DOUBLE_EQ(local_rotary_frequencies(config)[1], std::pow(2e4, -1.0 / 128));
  }
  EXPECT_EQ(error_of([&] {
              parse_model_config(shape + R"("rope_parameters":{"full_attention":{"rope_type":"default"},)"
                                         R"("sliding_attention":{"rope_type":"linear","factor":2.0}}})",
                                 "config.json");
            }),
            "config.json: rope_parameters.sliding_attention: expected no scaling in layers with a window; the decoder "
            "does not compute this");
}

TEST(ConfigFiles, FactsOfNewFamilies) {
  const auto config_of = [](std::string_view name) {
    for (const Published& published : kPublished)
      if (name == published.name) return parse_model_config(published.json, published.name);
    throw std::runtime_error("no such file");
  };
  const ModelConfig phi = config_of("Phi-3-mini-4k-instruct");
  EXPECT_EQ(phi.window_of(3), 2047);
  EXPECT_EQ(phi.head_dim, 96);
  EXPECT_EQ(phi.rope_scaling, RotaryScaling::kNone);
  const ModelConfig smol = config_of("SmolLM3-3B");
  EXPECT_TRUE(smol.rotates(2));
  EXPECT_FALSE(smol.rotates(3));
  EXPECT_EQ(smol.window_of(3), 0);
  EXPECT_TRUE(smol.tie_word_embeddings);
  const ModelConfig granite = config_of("granite-3.1-2b-instruct");
  EXPECT_DOUBLE_EQ(granite.embedding_multiplier, 12);
  EXPECT_DOUBLE_EQ(granite.attention_multiplier, 0.015625);
  EXPECT_DOUBLE_EQ(granite.residual_multiplier, 0.22);
  EXPECT_DOUBLE_EQ(granite.logits_scaling, 8);
  const ModelConfig gemma = config_of("gemma-2b");
  EXPECT_EQ(gemma.activation, Activation::kGeluTanh);  // its file says gelu
  EXPECT_DOUBLE_EQ(gemma.norm_offset, 1);
  EXPECT_DOUBLE_EQ(gemma.embedding_multiplier, std::sqrt(2048.0));
  EXPECT_TRUE(gemma.tie_word_embeddings && gemma.pre_norms && !gemma.post_norms);
  const ModelConfig gemma2 = config_of("gemma-2-2b-it");
  EXPECT_DOUBLE_EQ(gemma2.attention_softcap, 50);
  EXPECT_DOUBLE_EQ(gemma2.logit_softcap, 30);
  EXPECT_DOUBLE_EQ(gemma2.attention_multiplier, 0.0625);
  EXPECT_EQ(gemma2.window_of(0), 4096);
  EXPECT_EQ(gemma2.window_of(1), 0);
  EXPECT_TRUE(gemma2.pre_norms && gemma2.post_norms && !gemma2.qk_norm);
  const ModelConfig gemma3 = config_of("gemma-3-1b-it");
  EXPECT_EQ(gemma3.attention_softcap + gemma3.logit_softcap, 0);
  EXPECT_EQ(gemma3.window_of(4), 512);
  EXPECT_EQ(gemma3.window_of(5), 0);
  EXPECT_DOUBLE_EQ(gemma3.rope_theta, 1e6);
  EXPECT_DOUBLE_EQ(gemma3.rope_local_theta, 1e4);
  EXPECT_TRUE(gemma3.qk_norm && gemma3.qk_norm_of_heads);
  const ModelConfig olmo = config_of("OLMo-2-0425-1B");
  EXPECT_TRUE(!olmo.pre_norms && olmo.post_norms && olmo.qk_norm && !olmo.qk_norm_of_heads);
  const ModelConfig pythia = config_of("pythia-1b");
  EXPECT_TRUE(pythia.parallel_block && pythia.mlp_norm() && pythia.qkv_bias && pythia.o_bias && pythia.mlp_bias);
  EXPECT_FALSE(pythia.gated_mlp || pythia.head_bias || pythia.tie_word_embeddings);
  EXPECT_EQ(pythia.rotary_dim, 64);
  EXPECT_EQ(pythia.activation, Activation::kGeluExact);
  EXPECT_FALSE(config_of("a sequential GPT-NeoX").parallel_block);
  EXPECT_EQ(config_of("Qwen2.5-7B with YaRN").max_position_embeddings, 131072);
}

// A small llama with one more field.
std::string with(const std::string& field) {
  return "{" + field +
         R"(,"model_type":"llama","vocab_size":100,"hidden_size":64,"intermediate_size":172,"num_hidden_layers":2,)"
         R"("num_attention_heads":8,"num_key_value_heads":4,"max_position_embeddings":512})";
}

std::string error_with(const std::string& field, const std::string& ignored = "") {
  try {
    parse_model_config(with(field), "config.json", IgnoredFields{ignored});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ConfigFiles, WhatIsOffPasses) {
  for (const char* field :
       {R"("a_switch":0)", R"("a_switch":0.0)", R"("a_switch":"")", R"("a_switch":"none")", R"("a_switch":null)",
        R"("a_switch":false)", R"("a_switch":[])", R"("a_switch":{})", R"("quantization_config":null)",
        R"("hidden_dropout_prob":0.1)", R"("rope_interleaved":false)"}) {
    EXPECT_EQ(error_with(field), "") << field;
  }
  for (const char* field : {R"("a_switch":1)", R"("a_switch":true)", R"("a_switch":"on")", R"("a_switch":[0])",
                            R"("rope_interleaved":true)", R"("attention_multiplier":0.5)", R"("residual_multiplier":0)",
                            R"("scale_attn_weights":false)"}) {
    EXPECT_NE(error_with(field), "") << field;
  }
}

TEST(ConfigFiles, UnknownFieldsCanBeIgnoredByName) {
  const std::string two = R"("a_switch":1,"another":"on")";
  EXPECT_NE(error_with(two).find("--ignore-config a_switch"), std::string::npos) << error_with(two);
  EXPECT_NE(error_with(two, "a_switch").find("--ignore-config another"), std::string::npos);
  EXPECT_EQ(error_with(two, "a_switch,another"), "");
  EXPECT_NE(error_with(two, "a_switch,another,a_third").find("config.json has no field \"a_third\""),
            std::string::npos);
  EXPECT_NE(error_with(two, "a_switch,another,hidden_size").find("hidden_size is read"), std::string::npos);
  EXPECT_NE(error_with(R"("residual_multiplier":2.0)", "residual_multiplier").find("does not compute"),
            std::string::npos);
}

TEST(ConfigFiles, QuantizedCheckpointsAreRefusedWithAdvice) {
  const auto expect = [](const std::string& field, const std::string& method, const std::string& format) {
    const std::string error = error_with(field);
    EXPECT_NE(error.find("quantized by " + method), std::string::npos) << error;
    EXPECT_NE(error.find("take the 16-bit original of this model and --base-format " + format), std::string::npos)
        << error;
  };
  expect(R"("quantization_config":{"_load_in_4bit":true,"bnb_4bit_compute_dtype":"bfloat16",)"
         R"("bnb_4bit_quant_type":"nf4","load_in_4bit":true,"load_in_8bit":false,"quant_method":"bitsandbytes"})",
         "bitsandbytes", "nf4");
  expect(R"("quantization_config":{"load_in_8bit":true,"quant_method":"bitsandbytes"})", "bitsandbytes", "int8");
  expect(R"("quantization_config":{"bits":4,"group_size":128,"desc_act":true,"quant_method":"gptq"})", "gptq", "nf4");
  expect(R"("quantization_config":{"bits":8,"group_size":128,"quant_method":"gptq"})", "gptq", "int8");
  expect(R"("quantization_config":{"bits":4,"group_size":128,"version":"gemm","quant_method":"awq"})", "awq", "nf4");
  expect(R"("quantization_config":{"activation_scheme":"dynamic","fmt":"e4m3","quant_method":"fp8",)"
         R"("weight_block_size":[128,128]})",
         "fp8", "int8");
  expect(R"("quantization":{"group_size":64,"bits":4})", "another program", "nf4");
}

}  // namespace
}  // namespace matinee
