#include "lib/train/trainer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::tiny_tokens;
using testing::TinyRun;
using testing::TinySets;

// The supervised tokens differ from row to row, so a mean of means would differ.
TEST(Trainer, LossDoesNotDependOnAccumulation) {
  const TinySets sets;
  for (const bool lora : {true, false}) {
    TinyRun whole(*sets.train, nullptr, {.max_steps = 6, .micro_batch_tokens = 128, .learning_rate = 0.01}, "", lora);
    const std::vector<double> expected = whole.losses();
    ASSERT_EQ(expected.size(), 6u);
    for (const std::int64_t parts : {2, 4, 8}) {
      TinyRun run(*sets.train, nullptr,
                  {.max_steps = 6,
                   .micro_batch_tokens = 128 / parts,
                   .gradient_accumulation_steps = parts,
                   .learning_rate = 0.01},
                  "", lora);
      const std::vector<double> found = run.losses();
      ASSERT_EQ(found.size(), expected.size());
      // float32 sums over the same numbers in a different order.
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 2e-5) << parts << " step " << i;
    }
  }
}

TEST(Trainer, SameBytesAtAnyNumberOfThreads) {
  const TinySets sets;
  for (const bool lora : {true, false}) {
    const TrainOptions options{.max_steps = 5, .micro_batch_tokens = 64, .learning_rate = 0.01};
    TinyRun one(*sets.train, nullptr, options, "", lora, 1);
    const auto losses = one.losses();
    for (const int threads : {2, 7}) {
      TinyRun several(*sets.train, nullptr, options, "", lora, threads);
      EXPECT_EQ(several.losses(), losses);
      const auto a = one.values(), b = several.values();
      EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0) << threads << " threads";
    }
  }
}

TEST(Trainer, OverfitsATinySet) {
  const TinySets sets;
  tiny_tokens(6).write(sets.folder.file("few"));
  const TokenDataset few(sets.folder.file("few"));
  TinyRun run(few, nullptr, {.max_steps = 300, .micro_batch_tokens = 128, .learning_rate = 0.02}, "", false);
  const auto losses = run.losses();
  EXPECT_GT(losses.front(), 3.0);  // ln 32 = 3.47: uniform predictions at first
  EXPECT_LT(losses.back(), 0.05);
}

// An adapter on a frozen base memorizes its samples.
TEST(Trainer, AnAdapterOverfitsATinySet) {
  const TinySets sets;
  TinyRun base(*sets.train, nullptr, {.max_steps = 100, .micro_batch_tokens = 128, .learning_rate = 0.02}, "", false);
  base.trainer->run({});
  tiny_tokens(6, 9).write(sets.folder.file("few"));
  const TokenDataset few(sets.folder.file("few"));
  TinyRun run(few, nullptr, {.max_steps = 300, .micro_batch_tokens = 128, .learning_rate = 0.02}, "", true, 1, 0);
  auto from = base.everything.all().begin();
  for (Parameter& parameter : run.everything.all()) parameter.value.copy_from((from++)->value);
  std::vector<std::vector<float>> frozen;
  for (const Parameter& parameter : run.everything.all()) frozen.push_back(parameter.value.values());
  const auto losses = run.losses();
  EXPECT_GT(losses.front(), 0.5);
  EXPECT_LT(losses.back(), 0.1);
  for (std::size_t i = 0; i < frozen.size(); ++i) EXPECT_EQ(frozen[i], run.everything.all()[i].value.values());
}

TEST(Trainer, StopsOnNaN) {
  const TinySets sets;
  TinyRun run(*sets.train, nullptr, {.max_steps = 5, .micro_batch_tokens = 64}, sets.folder.file("checkpoint"), false);
  in_place(run.parameters().all()[3].value)[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_of([&] { run.trainer->run({}); }),
            "step 1: the loss is not a finite number; nothing of this step was saved; lower --learning-rate, or raise "
            "--warmup-steps");
  EXPECT_FALSE(file_exists(sets.folder.file("checkpoint")));
}

TEST(Trainer, StopsOnADivergingLoss) {
  const TinySets sets;
  TinyRun run(*sets.train, nullptr,
              {.max_steps = 2000,
               .micro_batch_tokens = 64,
               .learning_rate = 9,
               .warmup_steps = 0,
               .max_grad_norm = 0,
               .checkpoint_every = 1},
              sets.folder.file("checkpoint"), false);
  const std::string error = error_of([&] { run.trainer->run({}); });
  EXPECT_NE(error.find("the loss diverges"), std::string::npos) << error;
  EXPECT_TRUE(error.ends_with("; lower --learning-rate, or raise --warmup-steps")) << error;
}

TEST(Trainer, KeepsTheBestValidatedParameters) {
  const TinySets sets;
  TinyRun run(*sets.train, sets.valid.get(),
              {.max_steps = 60, .micro_batch_tokens = 32, .learning_rate = 0.05, .validate_every = 3}, "", false);
  double lowest = 1e9;
  TrainCallbacks callbacks;
  callbacks.on_validation = [&](const StepMetrics& metrics) { lowest = std::min(lowest, *metrics.valid_loss); };
  EXPECT_EQ(run.trainer->run(callbacks), TrainEnd::kFinished);
  EXPECT_EQ(run.trainer->mean_loss(*sets.valid), lowest);
  EXPECT_EQ(run.trainer->progress().best_valid_loss, lowest);
}

TEST(Trainer, StopsEarlyWithoutImprovement) {
  const TinySets sets;
  // A rate of 0 changes nothing, so the first validation stays the best.
  TinyRun run(*sets.train, sets.valid.get(),
              {.max_steps = 100, .micro_batch_tokens = 64, .learning_rate = 0, .validate_every = 2, .patience = 3}, "",
              false);
  EXPECT_EQ(run.trainer->run({}), TrainEnd::kEarlyStop);
  EXPECT_EQ(run.trainer->progress().step, 8);
  EXPECT_EQ(run.trainer->progress().best_step, 2);
}

TEST(Trainer, UpdatesOfAnEpochCoverItOnceAndEvenly) {
  const TinySets sets;
  TinyRun run(*sets.train, nullptr, {.epochs = 1, .micro_batch_tokens = 48, .gradient_accumulation_steps = 2}, "",
              true);
  std::int64_t tokens = 0, least = INT64_MAX, most = 0;
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepMetrics& metrics) {
    tokens += metrics.tokens;
    least = std::min(least, metrics.tokens);
    most = std::max(most, metrics.tokens);
  };
  run.trainer->run(callbacks);
  EXPECT_EQ(tokens, sets.train->n_tokens());
  EXPECT_EQ(run.trainer->progress().epoch, 1);
  EXPECT_LT(most - least, 40);  // one row of 16, and the unused ends of rows
}

TEST(Trainer, LargeGradientsAreClipped) {
  const TinySets sets;
  // With a clipping norm far below the gradient's, AdamW sees g / |g| · norm; its first update does not depend on the
  // scale, so compare the moments' effect: the update stays finite and the reported norm is the unclipped one.
  TinyRun run(*sets.train, nullptr, {.max_steps = 1, .micro_batch_tokens = 64, .max_grad_norm = 1e-3}, "", false);
  double norm = 0;
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepMetrics& metrics) { norm = metrics.grad_norm; };
  run.trainer->run(callbacks);
  EXPECT_GT(norm, 0.1);
}

}  // namespace
}  // namespace matinee
