#include "lib/train/checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>

#include "lib/base/file.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using testing::tiny_tokens;
using testing::TinyRun;

bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

RunIdentity named(const std::string& rate) { return {{{"the base", "b"}, {"--learning-rate", rate}}}; }

// A state of two tensors whose numbers decimal text would round.
struct SmallState {
  SmallState() {
    parameters.allocate({{"first", {3}}, {"second", {3}}});
    for (Parameter& p : parameters.all()) set_values(p.value, {0.1f, -1e-30f, 3e20f});
    state = std::make_unique<TrainState>(parameters);
    set_values(state->m[0], {1e-8f, 2, 3});
    set_values(state->v[1], {4, 5, 1.0f / 3});
    state->keep_best();
    set_values(state->best[1], {7, 8, 9});
  }
  ParameterSet parameters;
  std::unique_ptr<TrainState> state;
};

TEST(Checkpoint, RoundTripKeepsEveryBit) {
  const TemporaryFolder folder;
  SmallState small;
  const TrainProgress progress{.step = 12,
                               .epoch = 3,
                               .epoch_step = 4,
                               .tokens = 123456789012,
                               .smoothed_loss = 1.0 / 3,
                               .lowest_smoothed_loss = -0.0,
                               .best_valid_loss = 0.1,
                               .best_step = 10,
                               .validations_since_best = 2};
  write_checkpoint(folder.file("c"), named("99"), progress, *small.state);
  SmallState again;
  again.state->best.clear();
  again.parameters.all()[0].value.zero();
  again.state->m[0].zero();
  const TrainProgress found = read_checkpoint(folder.file("c"), named("99"), *again.state);
  EXPECT_EQ(found.step, 12);
  EXPECT_EQ(found.epoch, 3);
  EXPECT_EQ(found.epoch_step, 4);
  EXPECT_EQ(found.tokens, 123456789012);
  EXPECT_EQ(found.smoothed_loss, 1.0 / 3);
  EXPECT_EQ(found.lowest_smoothed_loss, 0.0);
  EXPECT_EQ(found.best_valid_loss, 0.1);
  EXPECT_EQ(found.best_step, 10);
  EXPECT_EQ(found.validations_since_best, 2);
  for (const auto member : {&TrainState::m, &TrainState::v, &TrainState::best}) {
    for (std::size_t i = 0; i < 2; ++i)
      EXPECT_EQ(((*again.state).*member)[i].values(), ((*small.state).*member)[i].values());
  }
  EXPECT_EQ(again.parameters.all()[0].value.values(), small.parameters.all()[0].value.values());
}

// Interrupts a run after each step in turn, once with LoRA and dropout and once with all weights, with validation and
// early stopping. The result equals that of the uninterrupted run bit for bit.
TEST(Checkpoint, ResumedRunEqualsUninterruptedRun) {
  const TemporaryFolder folder;
  tiny_tokens(40).write(folder.file("train"));
  tiny_tokens(12, 8).write(folder.file("valid"));
  const TokenDataset train(folder.file("train")), valid(folder.file("valid"));
  const TrainOptions options{.epochs = 2,
                             .micro_batch_tokens = 48,
                             .gradient_accumulation_steps = 2,
                             .learning_rate = 0.02,
                             .validate_every = 2,
                             .patience = 2};
  for (const bool lora : {true, false}) {
    TinyRun unbroken(train, &valid, options, "", lora);
    const std::size_t steps = unbroken.losses().size();
    ASSERT_GT(steps, 3u);
    for (std::size_t moment = 1; moment < steps; ++moment) {
      const std::string path = folder.file("checkpoint");
      {
        TinyRun first(train, &valid, options, path, lora);
        TrainCallbacks callbacks;
        callbacks.stop = [&] { return first.trainer->progress().step == static_cast<std::int64_t>(moment); };
        ASSERT_EQ(first.trainer->run(callbacks), TrainEnd::kInterrupted) << moment;
      }
      TinyRun second(train, &valid, options, path, lora);
      second.trainer->resume();
      EXPECT_EQ(second.losses().size(), steps - moment);
      EXPECT_TRUE(same_bytes(second.values(), unbroken.values())) << "interrupted after step " << moment;
    }
  }
}

// Fails each write in turn until an attempt succeeds: the previous checkpoint stays intact each time.
TEST(Checkpoint, IsWholeOrAbsent) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint");
  SmallState small;
  write_checkpoint(path, named("1"), {.step = 5}, *small.state);
  const std::string before = read_file(path);
  bool passed = false;
  for (std::uint64_t n = 1; !passed; ++n) {
    fail_nth_write(n);
    const std::string error = error_of([&] { write_checkpoint(path, named("1"), {.step = 6}, *small.state); });
    fail_nth_write(0);
    passed = error.empty();
    if (!passed) {
      EXPECT_EQ(read_file(path), before);
      EXPECT_NE(error.find("No space left on device"), std::string::npos) << error;
    }
    ASSERT_LT(n, 100u);
  }
  EXPECT_NE(read_file(path), before);
}

TEST(Checkpoint, TruncatedFileIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint");
  SmallState small;
  write_checkpoint(path, named("1"), {.step = 5}, *small.state);
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write_file(path, whole.substr(0, size));
    EXPECT_NE(error_of([&] { read_checkpoint(path, named("1"), *small.state); }), "") << size;
  }
}

TEST(Checkpoint, CheckpointOfAnotherRunIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint");
  SmallState small;
  write_checkpoint(path, named("1"), {.step = 5}, *small.state);
  EXPECT_EQ(error_of([&] { read_checkpoint(path, named("2"), *small.state); }),
            path +
                ": this checkpoint belongs to another run: --learning-rate was 1, and is 2 now; repeat the options of "
                "that run, or delete the checkpoint");
}

TEST(Checkpoint, KeepsOlderCheckpointsUpToTheLimit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("checkpoint");
  SmallState small;
  const auto step_of = [&](const std::string& file) { return read_checkpoint(file, named("1"), *small.state).step; };
  for (std::int64_t step = 1; step <= 5; ++step) {
    keep_older(path, 3);
    if (step > 1) {
      EXPECT_EQ(step_of(path), step - 1) << "none was there while the next was written";
    }
    write_checkpoint(path, named("1"), {.step = step}, *small.state);
  }
  EXPECT_EQ(step_of(path), 5);
  EXPECT_EQ(step_of(path + ".1"), 4);
  EXPECT_EQ(step_of(path + ".2"), 3);
  EXPECT_FALSE(file_exists(path + ".3"));
  remove_checkpoints(path);
  for (const char* end : {"", ".1", ".2"}) EXPECT_FALSE(file_exists(path + end)) << end;
}

TEST(Checkpoint, EightBitMomentsSurviveARoundTrip) {
  const TemporaryFolder folder;
  ParameterSet parameters;
  parameters.allocate({{"matrix", {64, 65}, true}, {"norm", {5000}, false}});
  TrainState state(parameters, true), again(parameters, true);
  EXPECT_TRUE(state.m[0].empty() && !state.m[1].empty());
  EXPECT_EQ(moment_bytes({64, 65}, true), 2u * (4352 + 4 * 17));
  for (std::size_t i = 0; i < 4160; ++i) in_place(state.moments8[0].m_codes)[i] = static_cast<std::uint8_t>(i * 7);
  in_place(state.moments8[0].r_scales)[16] = 0.1f;
  write_checkpoint(folder.file("c"), named("1"), {.step = 1}, state);
  read_checkpoint(folder.file("c"), named("1"), again);
  EXPECT_EQ(again.moments8[0].m_codes.values(), state.moments8[0].m_codes.values());
  EXPECT_EQ(again.moments8[0].r_codes.values(), state.moments8[0].r_codes.values());
  EXPECT_EQ(again.moments8[0].r_scales.values(), state.moments8[0].r_scales.values());
}

}  // namespace
}  // namespace matinee
