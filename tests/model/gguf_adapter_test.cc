// scripts/compare-gguf-models runs such files in llama.cpp.
#include "lib/model/gguf_adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "lib/io/gguf.h"
#include "lib/model/gguf_model.h"
#include "tests/model/small_families.h"
#include "tests/model/tiny_model.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

class GgufAdapter : public ::testing::TestWithParam<std::pair<std::string, ModelConfig>> {
 protected:
  LoraAdapter adapter(const LoraConfig& lora) const {
    LoraAdapter adapter(config, lora, 5);
    testing::randomise(adapter.parameters(), 8);
    return adapter;
  }

  bool has_gguf() const {
    return error_of([&] { gguf_architecture_of(config); }).empty();
  }

  TemporaryFolder folder;
  ModelConfig config = GetParam().second;
};

std::vector<float> numbers(const GgufFile& file, const std::string& name) {
  const GgufTensor& tensor = file.tensor(name);
  std::vector<float> values(file.data(tensor).size() / sizeof(float));
  decode_gguf(tensor.format, file.data(tensor), values);
  return values;
}

// scaling · B · A of every layer, as llama.cpp computes it from the file, is that of the adapter, row by row.
TEST_P(GgufAdapter, HoldsTheProductsOfTheAdapter) {
  if (!has_gguf()) return;
  LoraConfig plain, patterns, stabilized;
  plain.rank = 3;
  plain.lora_alpha = 7;
  patterns.rank = 4;
  patterns.rank_pattern = {{"layers.1.*|h.1.*", 2}};
  patterns.alpha_pattern = {{".*", 5}};
  stabilized.rank = 3;
  stabilized.use_rslora = true;
  int at = 0;
  for (const LoraConfig& lora : {plain, patterns, stabilized}) {
    const LoraAdapter made = adapter(lora);
    const std::string path = folder.file(std::to_string(at++) + ".gguf");
    write_gguf_adapter(config, made, "name", path);
    const GgufFile file(path);
    EXPECT_EQ(file.get("general.type").as_text(), "adapter");
    EXPECT_EQ(file.get("adapter.type").as_text(), "lora");
    const auto tensors = lora_tensors(config, made.config());
    ASSERT_EQ(file.tensors().size(), tensors.size());
    const std::vector<GgufName> names = gguf_names(config);
    for (std::size_t i = 0; i < tensors.size(); i += 2) {
      const auto name = std::find_if(names.begin(), names.end(), [&](const GgufName& each) {
        return each.spec.name == tensors[i].linear.path + ".weight";
      });
      ASSERT_NE(name, names.end());
      const auto a = numbers(file, name->gguf + ".lora_a"), b = numbers(file, name->gguf + ".lora_b");
      const auto our_a = made.parameters().all()[i].value.values();
      const auto our_b = made.parameters().all()[i + 1].value.values();
      ASSERT_EQ(a, our_a);
      ASSERT_EQ(b.size(), our_b.size());
      const auto rank = static_cast<std::size_t>(tensors[i].shape[0]);
      const double scale = file.get("adapter.lora.alpha").as_real() / static_cast<double>(rank);
      const double scaling = made.config().scaling_of(tensors[i].linear);
      for (std::size_t row = 0; row < b.size() / rank; ++row) {
        std::size_t from = row;
        if (name->heads > 0) {
          from = static_cast<std::size_t>(reordered_row(static_cast<std::int64_t>(row), config.head_dim, true));
        }
        for (std::size_t r = 0; r < rank; ++r) {
          const double wanted = scaling * our_b[from * rank + r];
          ASSERT_NEAR(scale * b[row * rank + r], wanted, 1e-6 * std::fabs(wanted)) << name->gguf << row;
        }
      }
    }
  }
}

TEST_P(GgufAdapter, RefusesWhatTheFileCannotHoldByName) {
  const auto error = [&](const LoraConfig& lora) {
    const LoraAdapter made = adapter(lora);
    return error_of([&] { write_gguf_adapter(config, made, "name", folder.file("refused.gguf")); });
  };
  LoraConfig dora, biases, whole;
  if (!has_gguf()) {
    EXPECT_NE(error(LoraConfig()).find("; take --format safetensors"), std::string::npos);
    return;
  }
  dora.use_dora = true;
  EXPECT_NE(error(dora).find("a GGUF adapter has no magnitudes (DoRA)"), std::string::npos) << error(dora);
  if (config.qkv_bias) {
    biases.bias = LoraBias::kLoraOnly;
    EXPECT_NE(error(biases).find("no trained biases"), std::string::npos) << error(biases);
  }
  whole.modules_to_save = {embed_tokens_path(config)};
  EXPECT_NE(error(whole).find("no fully trained layers (modules_to_save)"), std::string::npos) << error(whole);
  EXPECT_FALSE(file_exists(folder.file("refused.gguf")));
}

INSTANTIATE_TEST_SUITE_P(Families, GgufAdapter, ::testing::ValuesIn(testing::small_families(8)),
                         [](const auto& test) { return test.param.first; });

}  // namespace
}  // namespace matinee
