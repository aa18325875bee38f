#include <gtest/gtest.h>

#include <vector>

#include "lib/io/safetensors.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/model_parameters.h"
#include "tests/model/small_families.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

// Files of Gemma hold the weights of norms less 1; in memory they are whole.
TEST(NormOffset, IsAddedOnReadingAndTakenOffOnWriting) {
  for (const auto& [name, config] : testing::small_families(8)) {
    SCOPED_TRACE(name);
    const bool less_one = name.starts_with("gemma");
    EXPECT_EQ(config.norm_offset, less_one ? 1 : 0);
    ParameterSet parameters;
    initialize_parameters(config, 3, parameters);
    const auto specs = weight_specs(config);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      if (specs[i].role == WeightRole::kLinear || specs[i].shape.size() > 1 || specs[i].bias) continue;
      for (float& value : in_place(parameters.all()[i].value)) value = 1.25f;
    }
    const testing::TemporaryFolder folder;
    save_model(folder.path(), config, parameters, DType::kF32);
    const SafetensorsFile file(folder.file("model.safetensors"));
    ParameterSet again;
    load_parameters(folder.path(), config, again);
    int norms = 0;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const auto stored = file.view<float>(specs[i].name);
      const auto values = in_place(parameters.all()[i].value), read = in_place(again.all()[i].value);
      EXPECT_TRUE(std::equal(values.begin(), values.end(), read.begin(), read.end())) << specs[i].name;
      if (specs[i].role == WeightRole::kLinear || specs[i].shape.size() > 1 || specs[i].bias) continue;
      EXPECT_EQ(stored[0], less_one ? 0.25f : 1.25f) << specs[i].name;
      ++norms;
    }
    EXPECT_GE(norms, 3);
    const FrozenWeights frozen(folder.path(), config, WeightFormat::kBF16);
    EXPECT_EQ(frozen.refs().norm.floats()[0], 1.25f);
  }
}

}  // namespace
}  // namespace matinee
