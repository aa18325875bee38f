#include "lib/model/model_config.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

constexpr const char* kLlama =
    R"({"model_type":"llama","vocab_size":100,"hidden_size":64,"intermediate_size":172,"num_hidden_layers":5,)"
    R"("num_attention_heads":8,"num_key_value_heads":4,"max_position_embeddings":512,"rms_norm_eps":1e-05,)"
    R"("hidden_act":"silu","tie_word_embeddings":true,"bos_token_id":1,"eos_token_id":[2,3]})";

ModelConfig parse(const std::string& json) { return parse_model_config(json, "config.json"); }

/// kLlama with one more field at the front.
std::string with(const std::string& field) { return "{" + field + "," + std::string(kLlama).substr(1); }
/// kLlama with one text replaced.
std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kLlama;
  return text.replace(text.find(from), from.size(), to);
}

TEST(ModelConfig, FactsOfALlama) {
  const ModelConfig config = parse(kLlama);
  EXPECT_EQ(config.vocab_size, 100);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.q_size(), 64);
  EXPECT_EQ(config.kv_size(), 32);
  EXPECT_EQ(config.max_position_embeddings, 512);
  EXPECT_DOUBLE_EQ(config.norm_eps, 1e-5);
  EXPECT_DOUBLE_EQ(config.rope_theta, 10000);
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ(config.bos_token_id, 1);
  EXPECT_EQ(config.eos_token_id, 2);
  // 100·64 embeddings, 64 of the last norm, and per layer 2·64·64 + 2·64·32 + 3·64·172 + 2·64.
  EXPECT_EQ(config.parameters(), 6400 + 64 + 5 * (8192 + 4096 + 33024 + 128));
  EXPECT_EQ(parse(replaced("\"tie_word_embeddings\":true", "\"tie_word_embeddings\":false")).parameters(),
            config.parameters() + 6400);
}

TEST(ModelConfig, HeadsOfTheirOwnWidth) {
  const ModelConfig config = parse(with(R"("head_dim":16)"));
  EXPECT_EQ(config.q_size(), 128);
  EXPECT_EQ(config.kv_size(), 64);
}

TEST(ModelConfig, RotaryBaseFromEitherPlace) {
  EXPECT_DOUBLE_EQ(parse(with(R"("rope_theta":500000.0)")).rope_theta, 500000);
  EXPECT_DOUBLE_EQ(parse(with(R"("rope_parameters":{"rope_theta":500000.0,"rope_type":"default"})")).rope_theta,
                   500000);
  EXPECT_DOUBLE_EQ(parse(with(R"("rope_theta":20000,"rope_scaling":null)")).rope_theta, 20000);
}

TEST(ModelConfig, WrittenConfigReadsBackTheSame) {
  const ModelConfig config = parse(with(
      R"("head_dim":16,"rope_theta":12345.5,"attention_bias":true,"rope_scaling":{"rope_type":"llama3","factor":8.0,)"
      R"("low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":64})"));
  const ModelConfig again = parse(model_config_json(config, "bfloat16"));
  EXPECT_EQ(again.rope_scaling, RotaryScaling::kLlama3);
  EXPECT_TRUE(again.qkv_bias);
  EXPECT_EQ(model_config_json(again, "bfloat16"), model_config_json(config, "bfloat16"));
  EXPECT_EQ(again.head_dim, 16);
  EXPECT_DOUBLE_EQ(again.rope_theta, 12345.5);
}

TEST(ModelConfig, UnsupportedFieldsAreRefusedByName) {
  const auto error = [](const std::string& json) { return error_of([&] { parse(json); }); };
  const std::string unknown = error(replaced("\"llama\"", "\"bloom\""));
  EXPECT_TRUE(unknown.starts_with("config.json: model_type: expected one of llama, mistral, ")) << unknown;
  EXPECT_TRUE(unknown.ends_with("; found \"bloom\"; this family is not supported")) << unknown;
  EXPECT_EQ(error(replaced("\"silu\"", "\"mish\"")),
            "config.json: hidden_act: expected silu, gelu, gelu_new, gelu_pytorch_tanh or relu, found \"mish\"; the "
            "decoder does not compute this");
  EXPECT_EQ(
      error(with(R"("quantization_config":{"bits":4})")),
      "config.json: quantization_config: the weights are quantized by another program, and the decoder reads weights "
      "of 16 or 32 bits; take the 16-bit original of this model and --base-format nf4, which quantizes it as it is "
      "loaded");
  EXPECT_EQ(error(with(R"("sliding_window":4096)")),
            "config.json: sliding_window: expected null, found 4096; this family has none");
  EXPECT_EQ(error(with(R"("rope_scaling":{"rope_type":"llama3","factor":8.0})")),
            "config.json: rope_scaling: low_freq_factor is missing");
  EXPECT_EQ(error(with(R"("rope_scaling":{"type":"linear","factor":8.0,"attention_factor":1.5})")),
            "config.json: rope_scaling: attention_factor: 1.5 is not understood with type \"linear\"");
  EXPECT_EQ(error(with(R"("rope_parameters":{"rope_theta":10000,"rope_type":"proportional"})")),
            "config.json: rope_parameters: type \"proportional\" is not understood; expected default, linear, dynamic, "
            "llama3, yarn or longrope");
  EXPECT_EQ(error(with(R"("rope_scaling":{"type":"longrope","short_factor":[1,1,1],"long_factor":[1,1,1,1]})")),
            "config.json: rope_scaling: short_factor: expected one factor for each of 4 rotated pairs, found 3");
  EXPECT_EQ(error(with(R"("attn_logit_softcapping":50.0)")),
            "config.json: attn_logit_softcapping: 50.0 is not known, so the decoder cannot tell whether it changes the "
            "mathematics; where it does not, --ignore-config attn_logit_softcapping");
}

TEST(ModelConfig, FieldsWithoutEffectOnTheForwardPassAreIgnored) {
  EXPECT_EQ(parse(with(R"("_name_or_path":"x","pad_token_id":0,"attention_dropout":0.1,"pretraining_tp":1,)"
                       R"("transformers_version":"4.31.0","use_cache":true,"a_switch_of_tomorrow":false)"))
                .vocab_size,
            100);
}

TEST(ModelConfig, BiasesOfALlama) {
  const ModelConfig config = parse(with(R"("attention_bias":true,"mlp_bias":true)"));
  EXPECT_TRUE(config.qkv_bias && config.o_bias && config.mlp_bias);
  EXPECT_EQ(config.parameters(), parse(kLlama).parameters() + 5 * (64 + 32 + 32 + 64 + 172 + 172 + 64));
}

TEST(ModelConfig, WindowsOfMistralAndQwen) {
  const ModelConfig mistral = parse(replaced("\"llama\"", "\"mistral\""));
  EXPECT_EQ(mistral.window_of(0), 4096);
  const std::string qwen = replaced("\"llama\"", "\"qwen2\"");
  EXPECT_EQ(parse(qwen).window_of(4), 0);
  const ModelConfig windowed =
      parse(R"({"use_sliding_window":true,"sliding_window":16,"max_window_layers":3,)" + qwen.substr(1));
  EXPECT_EQ(windowed.window_of(2), 0);
  EXPECT_EQ(windowed.window_of(3), 16);
  const ModelConfig listed =
      parse(R"({"use_sliding_window":true,"sliding_window":16,"layer_types":["sliding_attention","full_attention",)"
            R"("full_attention","full_attention","sliding_attention"],)" +
            qwen.substr(1));
  EXPECT_EQ(listed.window_of(0), 16);
  EXPECT_EQ(listed.window_of(3), 0);
}

// The fields of the first published GPT-J.
TEST(ModelConfig, FactsOfAGptJ) {
  const ModelConfig config = parse(
      R"({"activation_function":"gelu_new","architectures":["GPTJForCausalLM"],"attn_pdrop":0.0,"bos_token_id":50256,)"
      R"("embd_pdrop":0.0,"eos_token_id":50256,"gradient_checkpointing":false,"initializer_range":0.02,)"
      R"("layer_norm_epsilon":1e-05,"model_type":"gptj","n_embd":4096,"n_head":16,"n_inner":null,"n_layer":28,)"
      R"("n_positions":2048,"resid_pdrop":0.0,"rotary":true,"rotary_dim":64,"scale_attn_weights":true,)"
      R"("summary_activation":null,"summary_first_dropout":0.1,"summary_proj_to_labels":true,)"
      R"("summary_type":"cls_index","summary_use_proj":true,"task_specific_params":{"text-generation":)"
      R"({"do_sample":true}},"tie_word_embeddings":false,"tokenizer_class":"GPT2Tokenizer",)"
      R"("transformers_version":"4.18.0.dev0","use_cache":true,"vocab_size":50400})");
  EXPECT_EQ(config.norm, NormKind::kLayer);
  EXPECT_EQ(config.activation, Activation::kGeluTanh);
  EXPECT_EQ(config.intermediate_size, 16384);
  EXPECT_EQ(config.rotary_dim, 64);
  EXPECT_EQ(config.rotary_style, RotaryStyle::kInterleaved);
  EXPECT_TRUE(config.parallel_block && config.head_bias && !config.gated_mlp && !config.qkv_bias && config.mlp_bias);
  EXPECT_EQ(config.parameters(), 6050882784);
}

TEST(ModelConfig, ErrorsNameTheField) {
  const auto error = [](const std::string& json) { return error_of([&] { parse(json); }); };
  EXPECT_EQ(error("[1]"), "config.json: expected a JSON object, as config.json of a model");
  EXPECT_EQ(error("{}"), "config.json: model_type is missing");
  EXPECT_EQ(error(replaced("\"hidden_size\":64,", "")), "config.json: hidden_size is missing");
  EXPECT_EQ(error(replaced("\"vocab_size\":100", "\"vocab_size\":0")),
            "config.json: vocab_size: expected a whole number from 1 to 16777216, found 0");
  EXPECT_EQ(error(replaced("\"vocab_size\":100", "\"vocab_size\":\"many\"")),
            "config.json: vocab_size: expected a whole number from 1 to 16777216, found \"many\"");
  EXPECT_EQ(error(replaced("\"num_key_value_heads\":4", "\"num_key_value_heads\":3")),
            "config.json: num_attention_heads 8 is no multiple of num_key_value_heads 3");
  EXPECT_EQ(error(replaced("\"hidden_size\":64", "\"hidden_size\":60")),
            "config.json: hidden_size 60 is no multiple of num_attention_heads 8");
  EXPECT_EQ(error(with(R"("head_dim":7)")), "config.json: head_dim 7 is odd; rotary embedding needs pairs");
  EXPECT_EQ(error(replaced("\"rms_norm_eps\":1e-05", "\"rms_norm_eps\":-1")),
            "config.json: rms_norm_eps: expected a positive number, found -1");
}

TEST(ModelConfig, MissingFileIsNamed) {
  const testing::TemporaryFolder folder;
  EXPECT_NE(error_of([&] { read_model_config(folder.path()); }).find(folder.file("config.json")), std::string::npos);
}

}  // namespace
}  // namespace matinee
