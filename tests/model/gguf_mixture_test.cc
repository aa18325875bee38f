// scripts/compare-gguf-models compares types and bytes of whole files with llama-quantize's.
#include "lib/model/gguf_mixture.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

ModelConfig shape(std::int64_t hidden, std::int64_t layers, bool tied) {
  ModelConfig config;
  config.vocab_size = 512;
  config.hidden_size = hidden;
  config.intermediate_size = 2 * hidden;
  config.num_hidden_layers = layers;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = hidden / 4;
  config.max_position_embeddings = 64;
  config.tie_word_embeddings = tied;
  return config;
}

// By the names in the file.
std::map<std::string, std::string> formats(const ModelConfig& config, const char* mixture) {
  std::map<std::string, std::string> formats;
  for (const GgufName& name : gguf_names(config)) {
    formats[name.gguf] = name_of(gguf_format_of(config, name.spec, gguf_mixture(mixture)));
  }
  return formats;
}

TEST(GgufMixture, Q4KMSpendsMoreBitsWhereLlamaQuantizeDoes) {
  // What llama-quantize makes of a model of this shape.
  auto found = formats(shape(256, 9, false), "q4_k_m");
  EXPECT_EQ(found["output.weight"], "Q6_K");
  EXPECT_EQ(found["token_embd.weight"], "Q4_K");
  EXPECT_EQ(found["output_norm.weight"], "F32");
  for (int layer = 0; layer < 9; ++layer) {
    const bool careful = layer == 0 || layer == 3 || layer == 6 || layer == 7 || layer == 8;
    const std::string block = "blk." + std::to_string(layer) + ".";
    EXPECT_EQ(found[block + "attn_v.weight"], careful ? "Q6_K" : "Q4_K") << layer;
    EXPECT_EQ(found[block + "ffn_down.weight"], careful ? "Q6_K" : "Q4_K") << layer;
    for (const char* other : {"attn_q", "attn_k", "attn_output", "ffn_gate", "ffn_up"}) {
      EXPECT_EQ(found[block + other + ".weight"], "Q4_K") << layer << other;
    }
    EXPECT_EQ(found[block + "attn_norm.weight"], "F32");
  }
  // A tied embedding is the head.
  EXPECT_EQ(formats(shape(256, 9, true), "q4_k_m")["token_embd.weight"], "Q6_K");
}

TEST(GgufMixture, RowsThatDoNotDivideGetTheNextFormat) {
  // Rows of 192 and 384 divide by 32, rows of 72 and 144 do not.
  for (const auto& [mixture, matrix, down] :
       {std::array{"q4_k_m", "Q5_0", "Q8_0"}, std::array{"q5_k_m", "Q5_1", "Q8_0"}, std::array{"q6_k", "Q8_0", "Q8_0"},
        std::array{"q4_0", "Q4_0", "Q4_0"}}) {
    auto found = formats(shape(192, 8, false), mixture);
    EXPECT_EQ(found["blk.1.attn_q.weight"], matrix) << mixture;
    EXPECT_EQ(found["blk.0.ffn_down.weight"], down) << mixture;
    EXPECT_EQ(found["output.weight"], "Q8_0") << mixture;
    EXPECT_EQ(formats(shape(72, 8, false), mixture)["blk.1.attn_q.weight"], "F16") << mixture;
    EXPECT_EQ(formats(shape(72, 8, false), mixture)["output.weight"], "F16") << mixture;
  }
}

}  // namespace
}  // namespace matinee
