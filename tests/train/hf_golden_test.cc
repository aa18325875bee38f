// Compares with transformers and PEFT on small checkpoints of every family (testdata/golden/hf, scripts/compare-hf).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "lib/io/safetensors.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/hf_trace.h"

namespace matinee {
namespace {

using testing::HfCase;
using testing::Trace;

const std::string kGoldens = "testdata/golden/hf/";

// The largest difference, relative to the largest absolute value of `wanted`.
double difference(const std::vector<float>& found, const std::vector<float>& wanted) {
  if (found.size() != wanted.size()) return HUGE_VAL;
  double largest = 0, scale = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(found[i]) - wanted[i]));
    scale = std::max(scale, std::fabs(static_cast<double>(wanted[i])));
    if (std::isnan(found[i])) return HUGE_VAL;
  }
  EXPECT_GT(scale, 1e-6) << "nothing would be tested";
  return largest / scale;
}

std::vector<float> golden(const SafetensorsFile& file, const std::string& name) {
  const auto values = file.view<float>(name);
  return {values.begin(), values.end()};
}

class HfGolden : public ::testing::TestWithParam<const char*> {
 protected:
  std::string folder() const { return kGoldens + GetParam(); }
};

TEST_P(HfGolden, LogitsEqualTransformersPackedAndCached) {
  const Trace found = HfCase(folder()).base();
  const SafetensorsFile file(folder() + "/golden.safetensors");
  int compared = 0;
  for (const TensorInfo& tensor : file.tensors()) {
    if (!tensor.name.starts_with("logits")) continue;
    ASSERT_TRUE(found.contains(tensor.name)) << tensor.name;
    EXPECT_LT(difference(found.at(tensor.name), golden(file, tensor.name)), 1e-5) << tensor.name;
    ++compared;
  }
  EXPECT_EQ(compared,
            std::count_if(std::filesystem::directory_iterator(folder()), {},
                          [](const auto& entry) { return entry.path().filename().string().starts_with("config."); }))
      << "one of config.json and one of each variant";
  EXPECT_LT(difference(found.at("cached"), golden(file, "logits")), 1e-5);
}

TEST_P(HfGolden, GradientsOfAllWeightsEqualTransformers) {
  const Trace found = HfCase(folder()).full();
  const SafetensorsFile file(folder() + "/golden.safetensors");
  std::size_t compared = 0;
  for (const TensorInfo& tensor : file.tensors()) {
    if (!tensor.name.starts_with("full.")) continue;
    ASSERT_TRUE(found.contains(tensor.name)) << tensor.name;
    EXPECT_LT(difference(found.at(tensor.name), golden(file, tensor.name)), 3e-5) << tensor.name;
    ++compared;
  }
  EXPECT_EQ(compared, found.size());
}

TEST_P(HfGolden, AdaptersTrainAsInPeft) {
  const HfCase at(folder());
  ASSERT_GE(at.adapters().size(), 1u);
  for (const std::string& name : at.adapters()) {
    SCOPED_TRACE(name);
    const SafetensorsFile file(folder() + "/" + name + "/trace.safetensors");
    const Trace found = at.adapter(name);
    for (const TensorInfo& tensor : file.tensors()) {
      ASSERT_TRUE(found.contains(tensor.name)) << tensor.name;
      // Rounding errors accumulate over fifty updates.
      const double limit = tensor.name == "losses" ? 1e-4 : 2e-5;
      EXPECT_LT(difference(found.at(tensor.name), golden(file, tensor.name)), limit) << tensor.name;
    }
    EXPECT_EQ(found.size(), file.tensors().size() + 1) << "a tensor is trained that PEFT does not train";
    EXPECT_LT(difference(found.at("merged"), golden(file, "logits")), 1e-5);
    EXPECT_GT(found.at("losses").front() - found.at("losses").back(), 0.3) << "nothing was learned";
  }
}

TEST_P(HfGolden, RecomputationGivesTheSameBytes) {
  const HfCase at(folder());
  for (const std::string& name : at.adapters()) EXPECT_EQ(at.adapter(name, true), at.adapter(name, false)) << name;
}

TEST_P(HfGolden, AdaptersAreWrittenAsTheyWereRead) {
  const testing::TemporaryFolder out;
  const HfCase at(folder());
  for (const std::string& name : at.adapters()) {
    at.save_adapter(name, out.path());
    const SafetensorsFile wanted(folder() + "/" + name + "/adapter_model.safetensors");
    const SafetensorsFile found(out.file("adapter_model.safetensors"));
    ASSERT_EQ(found.tensors().size(), wanted.tensors().size()) << name;
    for (const TensorInfo& tensor : wanted.tensors())
      EXPECT_EQ(golden(found, tensor.name), golden(wanted, tensor.name)) << name << ": " << tensor.name;
    // Read our own output and write it again.
    LoraAdapter again(at.config(), out.path());
    again.save(out.file("again"), {});
    EXPECT_EQ(read_file(out.file("again") + "/adapter_config.json"), read_file(out.file("adapter_config.json")));
  }
}

INSTANTIATE_TEST_SUITE_P(Families, HfGolden,
                         ::testing::Values("llama", "llama-tied-biases", "mistral", "qwen2", "qwen3", "gemma", "gemma2",
                                           "gemma3", "olmo2", "phi3", "smollm3", "granite", "gpt_neox",
                                           "gpt_neox-sequential", "gpt2", "gptj"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// A folder that is added must also be tested.
TEST(HfGoldens, EveryFolderIsListed) {
  std::size_t folders = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGoldens)) folders += entry.is_directory() ? 1 : 0;
  EXPECT_EQ(folders, 16u);
}

}  // namespace
}  // namespace matinee
