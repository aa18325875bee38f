#include "lib/model/lora_adapter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/io/safetensors.h"
#include "tests/model/tiny_model.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

LoraConfig small() {
  LoraConfig config;
  config.rank = 4;
  config.lora_alpha = 6;
  config.lora_dropout = 0.05;
  config.target_modules = {"q_proj", "down_proj"};
  config.base_model_name_or_path = "base/\"quoted\"";
  return config;
}

TEST(LoraAdapter, RoundTrip) {
  const TemporaryFolder folder;
  const ModelConfig model = testing::tiny_config(true);
  LoraAdapter adapter(model, small(), 3);
  testing::randomise(adapter.parameters(), 5);
  adapter.save(folder.path(), {{"matinee.template", "plain"}});
  LoraAdapter again(model, folder.path());
  EXPECT_EQ(again.config().rank, 4);
  EXPECT_DOUBLE_EQ(again.config().lora_alpha, 6);
  EXPECT_DOUBLE_EQ(again.config().lora_dropout, 0.05);
  EXPECT_EQ(again.config().target_modules, small().target_modules);
  EXPECT_EQ(again.config().base_model_name_or_path, "base/\"quoted\"");
  EXPECT_FLOAT_EQ(again.config().scaling_of(linear_layers(model, 0).front()), 1.5f);
  EXPECT_EQ(again.metadata().at("matinee.template"), "plain");
  ASSERT_EQ(again.parameters().all().size(), adapter.parameters().all().size());
  for (std::size_t i = 0; i < again.parameters().all().size(); ++i) {
    EXPECT_EQ(again.parameters().all()[i].name, adapter.parameters().all()[i].name);
    EXPECT_EQ(again.parameters().all()[i].value.values(), adapter.parameters().all()[i].value.values());
  }
  // Writing it again gives the same bytes.
  const std::string first = read_file(folder.file("adapter_model.safetensors"));
  again.save(folder.path(), {{"matinee.template", "plain"}});
  EXPECT_EQ(read_file(folder.file("adapter_model.safetensors")), first);
}

TEST(LoraAdapter, NamesAndShapesAreThoseOfPeft) {
  const TemporaryFolder folder;
  LoraAdapter(testing::tiny_config(true), small(), 3).save(folder.path(), {});
  const SafetensorsFile file(folder.file("adapter_model.safetensors"));
  std::set<std::string> names;
  for (const TensorInfo& tensor : file.tensors()) names.insert(tensor.name);
  std::set<std::string> expected;
  for (const char* layer : {"0", "1"}) {
    for (const char* module : {"self_attn.q_proj", "mlp.down_proj"}) {
      for (const char* factor : {"lora_A", "lora_B"}) {
        expected.insert(std::string("base_model.model.model.layers.") + layer + "." + module + "." + factor +
                        ".weight");
      }
    }
  }
  EXPECT_EQ(names, expected);
  EXPECT_EQ(file.get("base_model.model.model.layers.1.mlp.down_proj.lora_A.weight").shape,
            (std::vector<std::int64_t>{4, 12}));
  EXPECT_EQ(file.get("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight").shape,
            (std::vector<std::int64_t>{8, 4}));
  EXPECT_EQ(file.metadata().at("format"), "pt");
}

TEST(LoraAdapter, InitializesAsPeftDoes) {
  ModelConfig model = testing::tiny_config(true);
  model.hidden_size = 100;
  LoraConfig config = small();
  config.rank = 64;
  LoraAdapter one(model, config, 3), other(model, config, 4);
  const Parameter& a = *one.parameters().find("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
  const Parameter& b = *one.parameters().find("base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight");
  EXPECT_EQ(b.value.values(), std::vector<float>(b.value.size(), 0.0f));
  double squares = 0;
  for (const float value : in_place(a.value)) {
    EXPECT_LE(std::fabs(value), 0.1f);  // 1 / √100
    squares += static_cast<double>(value) * value;
  }
  // A uniform distribution on ±0.1 has variance 0.01 / 3.
  EXPECT_NEAR(squares / static_cast<double>(a.value.size()), 0.01 / 3, 0.0002);
  EXPECT_NE(a.value.values(), other.parameters().find(a.name)->value.values());
}

TEST(LoraAdapter, RankStabilizedScaling) {
  const TemporaryFolder folder;
  LoraConfig config = small();
  config.use_rslora = true;
  const ModelConfig model = testing::tiny_config(true);
  const LinearLayer layer = linear_layers(model, 0).front();
  EXPECT_FLOAT_EQ(config.scaling_of(layer), 3);
  LoraAdapter(model, config, 3).save(folder.path(), {});
  EXPECT_FLOAT_EQ(LoraAdapter(model, folder.path()).config().scaling_of(layer), 3);
}

TEST(LoraAdapter, ReadsWhatPeftWrites) {
  const TemporaryFolder folder;
  const ModelConfig model = testing::tiny_config(true);
  LoraAdapter(model, small(), 3).save(folder.path(), {});
  // adapter_config.json of PEFT 0.17, with its usual defaults.
  write_file(folder.file("adapter_config.json"),
             R"({"alpha_pattern":{},"auto_mapping":null,"base_model_name_or_path":"x","bias":"none","corda_config":null,
 "eva_config":null,"exclude_modules":null,"fan_in_fan_out":false,"inference_mode":true,"init_lora_weights":true,
 "layer_replication":null,"layers_pattern":null,"layers_to_transform":null,"loftq_config":{},"lora_alpha":6,
 "lora_bias":false,"lora_dropout":0.05,"megatron_config":null,"megatron_core":"megatron.core","modules_to_save":null,
 "peft_type":"LORA","qalora_group_size":16,"r":4,"rank_pattern":{},"revision":null,
 "target_modules":["down_proj","q_proj"],"target_parameters":null,"task_type":"CAUSAL_LM",
 "trainable_token_indices":null,"use_dora":false,"use_qalora":false,"use_rslora":false})");
  EXPECT_EQ(LoraAdapter(model, folder.path()).config().rank, 4);
}

TEST(LoraAdapter, UnknownOptionsAreRefusedByName) {
  const TemporaryFolder folder;
  const ModelConfig model = testing::tiny_config(true);
  LoraAdapter(model, small(), 3).save(folder.path(), {});
  const std::string path = folder.file("adapter_config.json");
  const std::string good = read_file(path);
  const auto error = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write_file(path, text.replace(at, from.size(), to));
    const std::string found = error_of([&] { LoraAdapter(model, folder.path()); });
    return found.starts_with(path + ": ") ? found.substr(path.size() + 2) : found;
  };
  EXPECT_EQ(error("\"rank_pattern\":{}", "\"rank_pattern\":{\"q_proj\":0}"),
            "rank of \"q_proj\": expected a whole number from 1 to 65536, found 0");
  EXPECT_EQ(error("\"rank_pattern\":{}", "\"rank_pattern\":{\"(q_proj\":2}"),
            "pattern \"(?:.*\\.)?(?:(q_proj)\", character 20: missing closing parenthesis");
  EXPECT_EQ(error("\"modules_to_save\":null", "\"modules_to_save\":[\"norm\"]"),
            "modules_to_save: \"norm\": expected embed_tokens or lm_head");
  EXPECT_EQ(error("[\"q_proj\",\"down_proj\"]", "\".*w_proj\""),
            "target_modules: the pattern \".*w_proj\" matches no linear layer; they are called "
            "model.layers.0.self_attn.q_proj, ...");
  EXPECT_EQ(error("\"init_lora_weights\":true", "\"init_lora_weights\":\"pissa\""),
            "init_lora_weights: \"pissa\" is not understood; the adapter would not compute what it was trained to");
  EXPECT_EQ(error("\"use_dora\"", "\"a_switch_of_tomorrow\":1,\"use_dora\""),
            "a_switch_of_tomorrow: 1 is not understood; the adapter would not compute what it was trained to");
  EXPECT_EQ(error("\"LORA\"", "\"IA3\""), "peft_type: expected LORA");
  EXPECT_EQ(error("\"CAUSAL_LM\"", "\"SEQ_CLS\""), "task_type: expected CAUSAL_LM, found \"SEQ_CLS\"");
  EXPECT_EQ(error("\"bias\":\"none\"", "\"bias\":\"some\""), "bias: expected none, all or lora_only, found \"some\"");
  EXPECT_EQ(error("\"r\":4", "\"r\":0"), "r: expected a whole number from 1 to 65536");
  EXPECT_EQ(error("\"q_proj\"", "\"w_proj\""),
            "target module \"w_proj\": expected some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, "
            "down_proj, embed_tokens, lm_head");
  EXPECT_TRUE(error("{", "[").starts_with("not valid JSON: "));
  write_file(path, "[]");
  EXPECT_EQ(error_of([&] { LoraAdapter(model, folder.path()); }),
            path + ": expected a JSON object, as PEFT's adapter_config.json");
}

TEST(LoraAdapter, TensorsThatDoNotFitAreNamed) {
  const TemporaryFolder folder;
  const ModelConfig model = testing::tiny_config(true);
  LoraAdapter(model, small(), 3).save(folder.path(), {});
  const std::string file = folder.file("adapter_model.safetensors");
  ModelConfig other = model;
  other.hidden_size = 10;
  EXPECT_EQ(error_of([&] { LoraAdapter(other, folder.path()); }),
            file +
                ": tensor \"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight\": expected shape [4, 10], "
                "found [4, 8]; is this the adapter of another base?");
  other = model;
  other.num_hidden_layers = 3;
  EXPECT_EQ(error_of([&] { LoraAdapter(other, folder.path()); }),
            file +
                ": tensor \"base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight\" is missing; is this the "
                "adapter of another base?");
  other.num_hidden_layers = 1;
  EXPECT_EQ(error_of([&] { LoraAdapter(other, folder.path()); }),
            file +
                ": tensor \"base_model.model.model.layers.1.mlp.down_proj.lora_A.weight\" has no place in this "
                "base");
}

}  // namespace
}  // namespace matinee
