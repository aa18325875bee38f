#include "lib/model/lora_config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lib/model/lora_config_file.h"
#include "lib/model/lora_tensors.h"
#include "lib/model/parameter_set.h"
#include "tests/model/tiny_model.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

// The adapted layers of a model with two blocks, without what they have in common.
std::vector<std::string> adapted(LoraConfig config, const ModelConfig& model = testing::tiny_config(false)) {
  config.resolve(model);
  std::vector<std::string> paths;
  for (const LoraTensor& tensor : lora_tensors(model, config)) {
    if (tensor.kind == LoraTensor::Kind::kA || tensor.kind == LoraTensor::Kind::kEmbeddingA)
      paths.push_back(tensor.linear.path);
  }
  return paths;
}

LoraConfig parsed(const std::string& fields) {
  return parse_lora_config(R"({"peft_type":"LORA","r":2,"lora_alpha":4,)" + fields + "}", "adapter_config.json");
}

using Paths = std::vector<std::string>;
const std::string kBlock0 = "model.layers.0.", kBlock1 = "model.layers.1.";

TEST(LoraConfig, LayersToTransformIsANumberOrAList) {
  const Paths last{kBlock1 + "self_attn.q_proj"};
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"layers_to_transform":1)")), last);
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"layers_to_transform":[1],"layers_pattern":"layers")")),
            last);
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"layers_to_transform":[1],"layers_pattern":["h","layers"])")),
            last);
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"layers_to_transform":[],"layers_pattern":[])")).size(), 2u);
  // Of a layer outside the blocks PEFT finds no index.
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj","lm_head"],"layers_to_transform":[1])")), last);
  const auto error = [](const std::string& fields) { return error_of([&] { adapted(parsed(fields)); }); };
  EXPECT_EQ(error(R"("target_modules":["q_proj"],"layers_to_transform":[2])"),
            "layers_to_transform: 2: expected layers from 0 to 1");
  EXPECT_EQ(error(R"("target_modules":".*q_proj","layers_to_transform":[1])"),
            "layers_to_transform: expected a list of names in target_modules, found a pattern");
  EXPECT_EQ(error(R"("target_modules":["q_proj"],"layers_to_transform":[1],"layers_pattern":"h")"),
            "target_modules: no layer is left by exclude_modules and layers_to_transform");
  EXPECT_NE(error(R"("target_modules":["q_proj"],"layers_to_transform":["x"])").find("layers_to_transform[0]"),
            std::string::npos);
  EXPECT_NE(error(R"("target_modules":["q_proj"],"layers_to_transform":[-1])").find("expected a number of 0 or more"),
            std::string::npos);
}

TEST(LoraConfig, ExcludeModulesAreNamesOrAPattern) {
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"exclude_modules":["0.self_attn.q_proj"])")),
            Paths{kBlock1 + "self_attn.q_proj"});
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"exclude_modules":".*layers\\.0.*")")),
            Paths{kBlock1 + "self_attn.q_proj"});
  // A name that is no whole part of a path excludes nothing, and so does one of another model.
  EXPECT_EQ(adapted(parsed(R"("target_modules":["q_proj"],"exclude_modules":["proj","visual"])")).size(), 2u);
  EXPECT_EQ(adapted(parsed(R"("target_modules":"all-linear","exclude_modules":["down_proj"])")).size(), 12u);
  EXPECT_EQ(error_of([] { adapted(parsed(R"("target_modules":["q_proj"],"exclude_modules":["q_proj"])")); }),
            "target_modules: no layer is left by exclude_modules and layers_to_transform");
}

TEST(LoraConfig, EmbeddingAndHeadAreAdaptedByNameOnly) {
  EXPECT_EQ(adapted(parsed(R"("target_modules":"all-linear")")).size(), 14u);
  EXPECT_EQ(adapted(parsed(R"("target_modules":["lm_head","embed_tokens"])")),
            (Paths{"model.embed_tokens", "lm_head"}));
  EXPECT_EQ(adapted(parsed(R"x("target_modules":".*(lm_head|embed_tokens)")x")),
            (Paths{"model.embed_tokens", "lm_head"}));
  // What is trained whole is not adapted.
  EXPECT_EQ(adapted(parsed(R"("target_modules":["lm_head","q_proj"],"modules_to_save":["lm_head"])")).size(), 2u);
}

TEST(LoraConfig, PatternsOfTheBareModelAreCompleted) {
  EXPECT_EQ(adapted(parsed(R"("target_modules":"layers\\.1\\..*q_proj")")), Paths{kBlock1 + "self_attn.q_proj"});
  EXPECT_EQ(adapted(parsed(R"("target_modules":".*q_proj","exclude_modules":"layers\\.0\\..*")")),
            Paths{kBlock1 + "self_attn.q_proj"});
}

TEST(LoraConfig, TrainableTokensAreAListOrByModule) {
  const ModelConfig model = testing::tiny_config(false);
  const auto tokens = [&](const std::string& value) {
    LoraConfig config = parsed(R"("target_modules":["q_proj"],"trainable_token_indices":)" + value);
    config.resolve(model);
    return config;
  };
  EXPECT_EQ(*tokens("[3,1]").tokens_of("model.embed_tokens"), (std::vector<std::int32_t>{3, 1}));
  EXPECT_EQ(tokens("[3,1]").tokens_of("lm_head"), nullptr);
  EXPECT_EQ(*tokens(R"({"lm_head":[12]})").tokens_of("lm_head"), std::vector<std::int32_t>{12});
  EXPECT_EQ(tokens("null").trainable_tokens.size(), 0u);
  EXPECT_EQ(error_of([&] { tokens("[13]"); }), "trainable_token_indices: 13: expected different tokens from 0 to 12");
  EXPECT_EQ(error_of([&] { tokens("[1,1]"); }), "trainable_token_indices: 1: expected different tokens from 0 to 12");
  EXPECT_EQ(error_of([&] { tokens(R"({"q_proj":[1]})"); }),
            "trainable_token_indices: \"q_proj\": expected embed_tokens or lm_head");
  // Read back from what is written.
  const LoraConfig again = parse_lora_config(lora_config_json(tokens("[3,1]"), model), "adapter_config.json");
  ASSERT_EQ(again.trainable_tokens.size(), 1u);
  EXPECT_EQ(again.trainable_tokens[0].module, "embed_tokens");
  EXPECT_EQ(again.trainable_tokens[0].ids, (std::vector<std::int32_t>{3, 1}));
}

// Every field of PEFT 0.21 with its default, and with what those are set to that change nothing after the training.
TEST(LoraConfig, FieldsThatSwitchNothingOnPass) {
  const std::string fields =
      R"("alora_invocation_tokens":null,"alpha_pattern":{},"arrow_config":null,"auto_mapping":null,"bias":"none",
"corda_config":{"rank":4},"ensure_weight_tying":false,"eva_config":{"rho":2.0},"exclude_modules":null,
"fan_in_fan_out":false,"inference_mode":true,"kasa_config":null,"layer_replication":null,"layers_pattern":null,
"layers_to_transform":null,"loftq_config":{},"lora_bias":false,"lora_dropout":0.0,"lora_ga_config":null,
"megatron_config":null,"megatron_core":"megatron.core","modules_to_save":null,"monteclora_config":null,
"peft_version":"0.21.2","qalora_group_size":16,"rank_pattern":{},"revision":"main","target_modules":["q_proj"],
"target_parameters":null,"task_type":"CAUSAL_LM","trainable_token_indices":null,"use_bdlora":null,"use_dora":false,
"use_qalora":false,"use_rslora":false,"velora_config":null,"init_lora_weights":)";
  for (const char* initialization : {"true", "false", "\"gaussian\"", "\"eva\"", "\"orthogonal\""})
    EXPECT_EQ(adapted(parsed(fields + initialization)).size(), 2u) << initialization;
  for (const char* on : {"\"lora_bias\":true", "\"target_parameters\":[\"a\"]", "\"layer_replication\":[[0,1]]",
                         "\"use_qalora\":true", "\"alora_invocation_tokens\":[1]", "\"use_bdlora\":{\"a\":1}"}) {
    const std::string found = error_of([&] { parsed(std::string(R"("target_modules":["q_proj"],)") + on); });
    EXPECT_NE(found.find("is not understood; the adapter would not compute"), std::string::npos) << on << found;
  }
}

}  // namespace
}  // namespace matinee
