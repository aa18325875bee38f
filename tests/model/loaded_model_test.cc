#include "lib/model/loaded_model.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "lib/base/memory_budget.h"
#include "lib/model/model_parameters.h"
#include "tests/model/tiny_model.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

constexpr std::size_t kSessions = 3;

// A base whose rows divide into NF4 blocks, and an adapter, as files.
class Files {
 public:
  Files() : config(testing::tiny_config(true)) {
    config.hidden_size = 64;
    ParameterSet parameters;
    initialize_parameters(config, 1, parameters);
    testing::randomise(parameters, 11);
    save_model(folder.file("base"), config, parameters, DType::kBF16);
    LoraConfig lora;
    lora.rank = 2;
    LoraAdapter adapter(config, lora, 3);
    testing::randomise(adapter.parameters(), 5);
    adapter.save(folder.file("adapter"), {});
    adapter_bytes = 4 * static_cast<std::uint64_t>(adapter.parameters().elements());
  }
  LoadedModelOptions options(const std::string& format) const {
    return {.base = folder.file("base"),
            .adapter = folder.file("adapter"),
            .base_format = BaseFormat(format),
            .sessions = kSessions};
  }

  TemporaryFolder folder;
  ModelConfig config;
  std::uint64_t adapter_bytes = 0;
};

// All logits of a sequence that depends on `index`, on one thread.
std::vector<float> decode(const LoadedModel& model, std::size_t index) {
  ThreadPool pool(1);
  Context context(pool);
  DecoderSession session = model.session(context);
  Random random(index, "tokens");
  std::vector<float> all;
  for (int step = 0; step < 10; ++step) {
    const std::int32_t token = static_cast<std::int32_t>(random.below(13));
    const auto logits = session.append({&token, 1});
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

class LoadedModelFormat : public ::testing::TestWithParam<const char*> {};

TEST_P(LoadedModelFormat, SessionsSharingAModelGiveTheBytesOfSeparateModels) {
  const Files files;
  ThreadPool pool(2);
  Context context(pool);
  std::vector<std::vector<float>> expected, found(kSessions);
  for (std::size_t i = 0; i < kSessions; ++i) {
    expected.push_back(decode(LoadedModel(context, files.config, files.options(GetParam())), i));
  }
  const LoadedModel shared(context, files.config, files.options(GetParam()));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kSessions; ++i) threads.emplace_back([&, i] { found[i] = decode(shared, i); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(found, expected);
  EXPECT_NE(expected[0], expected[1]);
}

TEST_P(LoadedModelFormat, MemoryIsThatOfOneModelAndEachSession) {
  const Files files;
  ThreadPool pool(1);
  Context context(pool);
  LoadedModelOptions options = files.options(GetParam());
  const WeightFormat format = options.base_format.format(context);
  options.max_host_mem = FrozenWeights::bytes_of(files.config, format) + files.adapter_bytes +
                         kSessions * DecoderSession::bytes_of(files.config, files.config.max_position_embeddings) +
                         kProgramMemory;
  EXPECT_EQ(error_of([&] { LoadedModel(context, files.config, options); }), "");
  --options.max_host_mem;
  EXPECT_NE(
      error_of([&] { LoadedModel(context, files.config, options); }).find("decoding with " + options.base + " needs"),
      std::string::npos);
}

TEST_P(LoadedModelFormat, AnAdapterIsFreedOnceItIsMergedAndNeverHasGradients) {
  const Files files;
  ThreadPool pool(1);
  Context context(pool);
  const LoadedModelOptions options = files.options(GetParam());
  const std::uint64_t weights = FrozenWeights::bytes_of(files.config, options.base_format.format(context));
  EXPECT_EQ(LoadedModel(context, files.config, options).bytes(),
            weights + (options.base_format.is_quantized() ? files.adapter_bytes : 0));
  LoraAdapter adapter(files.config, options.adapter);
  EXPECT_TRUE(adapter.parameters().gradients().empty());
  for (const Parameter& parameter : adapter.parameters().all()) EXPECT_EQ(parameter.grad.data(), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Formats, LoadedModelFormat, ::testing::Values("f32", "bf16", "int8", "nf4"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace matinee
