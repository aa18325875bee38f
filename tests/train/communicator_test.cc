// Several trainers in threads of one process, as ranks of one run.
#include "lib/train/communicator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <cmath>
#include <filesystem>
#include <thread>

#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::TinyRun;
using testing::TinySets;

// State shared by the threads: one rank after the other adds its values to those of rank 0.
struct Meeting {
  explicit Meeting(int n) : size(n), barrier(n) {}
  const int size;
  std::barrier<> barrier;
  std::vector<double> sums;
};

class ThreadRank final : public Communicator {
 public:
  ThreadRank(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return meeting_.size; }
  void all_reduce(std::span<float> values) override { add(values); }
  void all_reduce(std::span<double> values) override { add(values); }
  void barrier() override { meeting_.barrier.arrive_and_wait(); }

 private:
  template <class T>
  void add(std::span<T> values) {
    for (int turn = 0; turn < meeting_.size; ++turn) {
      if (turn == rank_) {
        if (turn == 0) meeting_.sums.assign(values.size(), 0);
        for (std::size_t i = 0; i < values.size(); ++i) meeting_.sums[i] += static_cast<double>(values[i]);
      }
      barrier();
    }
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(meeting_.sums[i]);
    barrier();
  }

  Meeting& meeting_;
  int rank_;
};

// Adds in finish(); checks that the values have not changed since start().
class SumBeside final : public AllReduce {
 public:
  explicit SumBeside(Communicator& ranks) : communicator_(ranks) {}
  void start(float* values, std::size_t n) override { begun_.push_back({values, std::vector(values, values + n)}); }
  void finish() override {
    for (const auto& [values, then] : begun_) {
      const std::span<float> now(values, then.size());
      EXPECT_TRUE(std::equal(now.begin(), now.end(), then.begin())) << "a gradient changed after its layer was done";
      communicator_.all_reduce(now);
    }
    begun_.clear();
  }

 private:
  Communicator& communicator_;
  std::vector<std::pair<float*, std::vector<float>>> begun_;
};

struct Outcome {
  std::vector<double> losses, valid_losses;
  std::vector<float> values;
};

// The outcome of every rank. `resume`: start from the checkpoint; `stop_after`: number of updates after which rank 1
// requests a stop; `beside`: sum gradients during the backward pass; without `lora`, train all weights.
std::vector<Outcome> train_together(const TinySets& sets, const TrainOptions& options, int size,
                                    const std::string& path, bool resume = false,
                                    std::size_t stop_after = ~std::size_t{0}, bool beside = false, bool lora = true) {
  Meeting meeting(size);
  std::vector<Outcome> outcomes(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadRank self(meeting, rank);
      Outcome& outcome = outcomes[static_cast<std::size_t>(rank)];
      SumBeside sum(self);
      TinyRun run(*sets.train, sets.valid.get(), options, path, lora, 1, 0.1, &self, beside ? &sum : nullptr);
      if (resume) run.trainer->resume();
      TrainCallbacks callbacks;
      callbacks.on_step = [&](const StepMetrics& step) { outcome.losses.push_back(step.loss); };
      callbacks.on_validation = [&](const StepMetrics& step) { outcome.valid_losses.push_back(*step.valid_loss); };
      callbacks.stop = [&] { return rank == size - 1 && outcome.losses.size() == stop_after; };
      run.trainer->run(callbacks);
      outcome.values = run.values();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

constexpr TrainOptions options_of_test() {
  return {.max_steps = 8,
          .micro_batch_tokens = 64,
          .gradient_accumulation_steps = 2,
          .learning_rate = 0.01,
          .validate_every = 4};
}

TEST(Communicator, LossesAreThoseOfOneProcess) {
  const TinySets sets;
  const Outcome alone = train_together(sets, options_of_test(), 1, "")[0];
  ASSERT_EQ(alone.losses.size(), 8u);
  ASSERT_EQ(alone.valid_losses.size(), 2u);
  for (const int size : {2, 3, 5, 9}) {  // nine: more ranks than an update has rows
    const auto together = train_together(sets, options_of_test(), size, "");
    for (const Outcome& rank : together) {
      ASSERT_EQ(rank.losses.size(), alone.losses.size());
      // Dropout is the same; only the order of float32 sums differs.
      for (std::size_t i = 0; i < rank.losses.size(); ++i) EXPECT_NEAR(rank.losses[i], alone.losses[i], 2e-5);
      for (std::size_t i = 0; i < rank.valid_losses.size(); ++i)
        EXPECT_NEAR(rank.valid_losses[i], alone.valid_losses[i], 2e-5);
      EXPECT_EQ(rank.losses, together[0].losses) << "all ranks say the same";
      EXPECT_EQ(rank.values, together[0].values) << "all ranks hold the same parameters";
    }
  }
}

TEST(Communicator, SumsDuringTheBackwardPassEqualThoseAfterIt) {
  const TinySets sets;
  for (const bool lora : {true, false}) {
    const auto after = train_together(sets, options_of_test(), 3, "", false, ~std::size_t{0}, false, lora);
    const auto beside = train_together(sets, options_of_test(), 3, "", false, ~std::size_t{0}, true, lora);
    for (std::size_t rank = 0; rank < 3; ++rank) {
      EXPECT_EQ(beside[rank].losses, after[rank].losses);
      EXPECT_EQ(beside[rank].values, after[rank].values);
    }
  }
}

// Sums like SumBeside, but changes the last bit of one number on one rank.
class WrongSum final : public AllReduce {
 public:
  explicit WrongSum(Communicator& ranks) : sum_(ranks), wrong_(ranks.rank() == 1) {}
  void start(float* values, std::size_t n) override {
    sum_.start(values, n);
    last_ = values + n / 2;
  }
  void finish() override {
    sum_.finish();
    if (wrong_) *last_ = std::nextafter(*last_, 1.0f);
  }

 private:
  SumBeside sum_;
  bool wrong_;
  float* last_ = nullptr;
};

TEST(Communicator, DifferentGradientsAreDetected) {
  const TinySets sets;
  Meeting meeting(3);
  std::vector<std::string> errors(3);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&, rank] {
      ThreadRank self(meeting, rank);
      WrongSum sum(self);
      TinyRun run(*sets.train, sets.valid.get(), options_of_test(), "", true, 1, 0.1, &self, &sum);
      errors[static_cast<std::size_t>(rank)] = testing::error_of([&] { run.losses(); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& error : errors)
    EXPECT_NE(error.find("the ranks hold different gradients"), std::string::npos) << error;
}

TEST(Communicator, RunResumesWithAnotherNumberOfRanks) {
  const TinySets sets;
  const std::string path = sets.folder.file("checkpoint");
  const auto whole = train_together(sets, options_of_test(), 2, "")[0];
  const auto begun = train_together(sets, options_of_test(), 2, path, false, 5);
  EXPECT_EQ(begun[0].losses.size(), 5u) << "one rank's wish to stop is everybody's";
  ASSERT_TRUE(std::filesystem::exists(path));
  for (const int size : {1, 3}) {
    const auto rest = train_together(sets, options_of_test(), size, path, true)[0];
    ASSERT_EQ(rest.losses.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(rest.losses[i], whole.losses[5 + i], 2e-5);
  }
  // The same number of ranks gives the same bytes.
  EXPECT_EQ(train_together(sets, options_of_test(), 2, path, true)[0].values, whole.values);
}

}  // namespace
}  // namespace matinee
