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

/// kLlama with one more field at its front.
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
  EXPECT_DOUBLE_EQ(config.rms_norm_eps, 1e-5);
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

TEST(ModelConfig, ItsOwnTextReadBackIsTheSame) {
  const ModelConfig config = parse(with(R"("head_dim":16,"rope_theta":12345.5)"));
  const ModelConfig again = parse(model_config_json(config, "bfloat16"));
  EXPECT_EQ(model_config_json(again, "bfloat16"), model_config_json(config, "bfloat16"));
  EXPECT_EQ(again.head_dim, 16);
  EXPECT_DOUBLE_EQ(again.rope_theta, 12345.5);
}

TEST(ModelConfig, WhatTheDecoderDoesNotComputeIsRefusedByName) {
  const auto error = [](const std::string& json) { return error_of([&] { parse(json); }); };
  EXPECT_EQ(error(replaced("\"llama\"", "\"gptj\"")),
            "config.json: model_type: expected llama, found \"gptj\"; this family is not supported");
  EXPECT_EQ(error(replaced("\"silu\"", "\"gelu\"")),
            "config.json: hidden_act: expected \"silu\", found \"gelu\"; the decoder does not compute this");
  EXPECT_EQ(error(with(R"("attention_bias":true)")),
            "config.json: attention_bias: expected false, found true; the decoder does not compute this");
  EXPECT_EQ(error(with(R"("quantization_config":{"bits":4})")),
            "config.json: quantization_config: expected null, found {\"bits\":4}; the decoder does not compute this");
  EXPECT_EQ(error(with(R"("rope_scaling":{"rope_type":"llama3","factor":8.0})")),
            "config.json: rope_scaling.rope_type: \"llama3\" is not understood; the decoder computes rotary embedding "
            "without scaling");
  EXPECT_EQ(error(with(R"("rope_parameters":{"rope_theta":10000,"rope_type":"yarn"})")),
            "config.json: rope_parameters.rope_type: \"yarn\" is not understood; the decoder computes rotary embedding "
            "without scaling");
}

TEST(ModelConfig, WhatIsWrongIsNamed) {
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
