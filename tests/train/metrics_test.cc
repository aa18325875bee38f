#include "lib/train/metrics.h"

#include <gtest/gtest.h>

#include <limits>

#include "lib/base/file.h"
#include "lib/model/frozen_weights.h"
#include "lib/train/memory_plan.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;

StepMetrics at_step(std::int64_t step) {
  return {.step = step, .epoch = 0, .loss = 0.5, .grad_norm = 1, .learning_rate = 0.25, .tokens = 10, .valid_loss = {}};
}

TEST(MetricsFile, WritesOneLineForEachStep) {
  const TemporaryFolder folder;
  MetricsFile file(folder.file("m"), 0);
  file.write(at_step(1));
  StepMetrics validation = at_step(1);
  validation.valid_loss = 0.75;
  file.write(validation);
  EXPECT_EQ(read_file(folder.file("m")),
            "{\"step\":1,\"epoch\":0,\"loss\":0.5,\"grad_norm\":1,\"learning_rate\":0.25,\"tokens\":10,"
            "\"tokens_per_second\":0,\"share_of_peak\":0,\"seconds_left\":0}\n"
            "{\"step\":1,\"epoch\":0,\"valid_loss\":0.75}\n");
}

// A resumed run repeats the steps after the checkpoint, and a kill may have cut the last line.
TEST(MetricsFile, ResumedRunDropsTheStepsThatItRepeats) {
  const TemporaryFolder folder;
  {
    MetricsFile file(folder.file("m"), 0);
    for (std::int64_t step = 1; step <= 5; ++step) file.write(at_step(step));
  }
  const std::string whole = read_file(folder.file("m"));
  write_file(folder.file("m"), whole + "{\"step\":3,\"epo");
  MetricsFile file(folder.file("m"), 3);
  file.write(at_step(4));
  file.write(at_step(5));
  EXPECT_EQ(read_file(folder.file("m")), whole);
}

TEST(MetricsFile, NewRunStartsANewFile) {
  const TemporaryFolder folder;
  write_file(folder.file("m"), "{\"step\":1}\n");
  const MetricsFile file(folder.file("m"), 0);
  EXPECT_EQ(read_file(folder.file("m")), "");
}

TEST(ProgressText, SeparatesThousands) {
  StepMetrics metrics = at_step(1);
  metrics.tokens_per_second = 1234567;
  metrics.share_of_peak = 0.434;
  EXPECT_EQ(progress_text(metrics), "loss 0.5000, 1,234,567 tokens/s, 43% of the matrix-product peak");
  metrics.tokens_per_second = 999;
  EXPECT_EQ(progress_text(metrics), "loss 0.5000, 999 tokens/s, 43% of the matrix-product peak");
}

TEST(MemoryPlan, AddsUpAndListsItsParts) {
  const MemoryPlan plan{.weights = 1024, .trained = 1024, .gradients = 512, .moments = 1024, .activations = 512};
  EXPECT_EQ(plan.host_bytes(), 4096u);
  EXPECT_EQ(
      plan.describe(),
      "4.0 KiB: weights 1.0 KiB, trained parameters 1.0 KiB, gradients 512 B, moments 1.0 KiB, activations 512 B");
}

TEST(MemoryPlan, SeparatesTheDeviceFromTheHost) {
  const MemoryPlan plan{.weights = 1024, .scratch = 1024, .tokens = 300, .program = 200, .on_device = true};
  EXPECT_EQ(plan.device_bytes(), 2048u);
  EXPECT_EQ(plan.host_bytes(), 500u);
  EXPECT_EQ(plan.describe(),
            "on the device 2.0 KiB: weights 1.0 KiB, scratch memory 1.0 KiB; on the host 500 B: tokens 300 B, program "
            "200 B");
}

TEST(MemoryPlan, OfAnAdapterCountsTheAdapterAndItsBase) {
  const ModelConfig config = testing::tiny_config();
  LoraConfig lora;
  lora.resolve(config);
  LoraAdapter adapter(config, lora, 1);
  const std::uint64_t padded = adapter.parameters().gradients().size();
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  for (const WeightFormat format : {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
    const MemoryPlan plan = memory_to_train(config, &lora, format, {.max_tokens = 64});
    EXPECT_EQ(plan.weights, FrozenWeights::bytes_of(config, format));
    EXPECT_EQ(plan.n_trained, adapter.parameters().elements());
    EXPECT_EQ(plan.trained, 4 * padded);
    EXPECT_EQ(plan.gradients, 4 * padded);
    EXPECT_EQ(plan.moments, 8 * padded);
    EXPECT_LT(plan.host_bytes(), last);
    last = plan.host_bytes();
    EXPECT_LT(memory_to_train(config, &lora, format, {.max_tokens = 64, .recompute = true}).host_bytes(), last);
  }
  const MemoryPlan whole = memory_to_train(config, nullptr, WeightFormat::kF32, {.max_tokens = 64});
  EXPECT_EQ(whole.weights, 0u);
  EXPECT_EQ(whole.n_trained, config.parameters());
}

}  // namespace
}  // namespace matinee
