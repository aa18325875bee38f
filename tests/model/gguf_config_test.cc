// A configuration written to GGUF metadata and read again; and metadata of other programs.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "lib/io/gguf.h"
#include "lib/model/gguf_model.h"
#include "lib/model/rotary_tables.h"
#include "tests/model/small_families.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

// A file with the metadata of `config`, then those that `add` adds, and with all its tensors, which are zero.
ModelConfig through_gguf(const ModelConfig& config, const std::function<void(GgufWriter&)>& add = {}) {
  const TemporaryFolder folder;
  GgufWriter writer(folder.file("m.gguf"));
  add_gguf_config(writer, config, gguf_mixture("f32"), "name");
  if (add) add(writer);
  const std::vector<GgufName> names = gguf_names(config);
  const std::vector<GgufFactors> all_factors = gguf_rotary_factors(config);
  for (const GgufName& name : names) writer.declare(name.gguf, GgufFormat::kF32, name.spec.shape);
  for (const GgufFactors& factors : all_factors) {
    writer.declare(factors.name, GgufFormat::kF32, {static_cast<std::int64_t>(factors.values.size())});
  }
  for (const GgufName& name : names) {
    writer.write(name.gguf, std::vector<float>(static_cast<std::size_t>(name.spec.elements())));
  }
  for (const GgufFactors& factors : all_factors) writer.write(factors.name, factors.values);
  writer.commit();
  return gguf_config(GgufFile(folder.file("m.gguf")));
}

// What a file holds of a configuration: llama.cpp computes no window for most families, and Mistral is LLaMA then.
ModelConfig expected_of(ModelConfig config) {
  if (config.sliding_window > 0 && !gguf_architecture_of(config).windows) {
    config.max_position_embeddings = std::min(config.sliding_window, config.max_position_embeddings);
    config.sliding_window = 0;
    config.sliding_layers.clear();
  }
  if (config.model_type == "mistral") config.model_type = "llama";
  if (config.rope_scaling == RotaryScaling::kDynamic) config.rope_scaling = RotaryScaling::kNone;
  config.bos_token_id = config.eos_token_id = -1;
  return config;
}

class GgufConfig : public ::testing::TestWithParam<std::pair<std::string, ModelConfig>> {};

TEST_P(GgufConfig, ComesBackFromAFile) {
  const ModelConfig& config = GetParam().second;
  EXPECT_EQ(model_config_json(through_gguf(config), "float32"), model_config_json(expected_of(config), "float32"));
}

std::vector<std::pair<std::string, ModelConfig>> families_with_gguf() {
  std::vector<std::pair<std::string, ModelConfig>> found;
  for (auto& family : testing::small_families(32)) {
    if (error_of([&] { gguf_architecture_of(family.second); }).empty()) found.push_back(std::move(family));
  }
  return found;
}
INSTANTIATE_TEST_SUITE_P(Families, GgufConfig, ::testing::ValuesIn(families_with_gguf()),
                         [](const auto& test) { return test.param.first; });

ModelConfig llama(const std::string& more) {
  return parse_model_config(R"({"model_type":"llama","vocab_size":13,"hidden_size":32,"intermediate_size":48,)"
                            R"("num_hidden_layers":2,"num_attention_heads":2,"num_key_value_heads":1,)"
                            R"("max_position_embeddings":16384,"rope_theta":500000)" +
                                more + "}",
                            "llama");
}

TEST(GgufMetadata, RotaryScalingComesBack) {
  for (const std::string scaling :
       {R"({"rope_type":"linear","factor":2.5})", R"({"rope_type":"dynamic","factor":2})",
        R"({"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,)"
        R"("original_max_position_embeddings":8192})",
        R"({"rope_type":"yarn","factor":4,"original_max_position_embeddings":4096,"beta_fast":16})",
        R"({"rope_type":"longrope","factor":4,"original_max_position_embeddings":4096,)"
        R"("short_factor":[1,1,1,1,1,1,1,1.5],"long_factor":[1,2,3,4,5,6,7,8]})"}) {
    const ModelConfig config = llama(",\"rope_scaling\":" + scaling), found = through_gguf(config);
    EXPECT_EQ(found.rope_scaling, expected_of(config).rope_scaling) << scaling;
    EXPECT_NEAR(found.rope_attention_factor, config.rope_attention_factor, 1e-6) << scaling;
    const std::vector<double> wanted = rotary_frequencies(expected_of(config)), got = rotary_frequencies(found);
    ASSERT_EQ(got.size(), wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-6 * wanted[i]) << scaling << i;
  }
}

TEST(GgufMetadata, AnyRotaryFactorsAreComputed) {
  // Factors of llama3 with other parameters than the published models have.
  const ModelConfig config =
      llama(R"(,"rope_scaling":{"rope_type":"llama3","factor":3,"low_freq_factor":2,"high_freq_factor":5,)"
            R"("original_max_position_embeddings":2048})");
  const ModelConfig found = through_gguf(config);
  const std::vector<double> wanted = rotary_frequencies(config), got = rotary_frequencies(found);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-6 * wanted[i]) << i;
  EXPECT_EQ(found.rope_attention_factor, 1);
}

TEST(GgufMetadata, WhatIsNotComputedIsRefusedByName) {
  const auto error = [&](const std::string& key, const GgufValue& value) {
    return error_of([&] { through_gguf(llama(""), [&](GgufWriter& writer) { writer.add(key, value); }); });
  };
  EXPECT_EQ(error("llama.expert_count", GgufValue::u32(0)), "");
  EXPECT_NE(error("llama.expert_count", GgufValue::u32(8)).find("expert_count: mixtures of experts"),
            std::string::npos);
  EXPECT_NE(error("llama.rope.scaling.type", GgufValue::text("odd")).find("\"odd\" is not understood"),
            std::string::npos);
  const std::string window = error("llama.attention.sliding_window", GgufValue::u32(64));
  EXPECT_EQ(window, "") << "Mistral's";
}

TEST(GgufMetadata, AnUnknownArchitectureIsRefusedByName) {
  const TemporaryFolder folder;
  GgufWriter writer(folder.file("m.gguf"));
  writer.add("general.architecture", GgufValue::text("mamba"));
  writer.commit();
  const std::string error = error_of([&] { gguf_config(GgufFile(folder.file("m.gguf"))); });
  EXPECT_NE(error.find("general.architecture \"mamba\": this family is not supported"), std::string::npos) << error;
}

}  // namespace
}  // namespace matinee
