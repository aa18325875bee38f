#include "lib/train/gradient_reducer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace matinee {
namespace {

// Keeps the arguments of start().
struct Recorder final : AllReduce {
  void start(float* values, std::size_t n) override { begun.emplace_back(values, n); }
  void finish() override { ++finished; }
  std::vector<std::pair<float*, std::size_t>> begun;
  int finished = 0;
};

// One of two ranks with equal gradients.
struct Half final : Communicator {
  int rank() const override { return 0; }
  int size() const override { return 2; }
  void all_reduce(std::span<float> values) override {
    for (float& value : values) value *= 2;
  }
  void all_reduce(std::span<double>) override {}
  void barrier() override {}
};

ParameterSet three_layers() {
  std::vector<ParameterSpec> specs;
  for (std::int64_t layer = 0; layer < 3; ++layer) {
    specs.push_back({.name = "A", .shape = {64, 64}, .layer = layer});
    specs.push_back({.name = "B", .shape = {64, 64}, .lr_factor = 4, .layer = layer});
    specs.push_back({.name = "bias", .shape = {64}, .decay = false, .layer = layer});
  }
  specs.push_back({.name = "head", .shape = {64, 64}});
  ParameterSet parameters;
  parameters.allocate(std::move(specs));
  return parameters;
}

TEST(GradientReducer, StartsEachLayerWhenItsGradientsAreComplete) {
  ParameterSet parameters = three_layers();
  Half ranks;
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{30'000}, std::size_t{1} << 30}) {
    Recorder device;
    GradientReducer sum(parameters, ranks, &device, bytes);
    std::vector<std::pair<float*, std::size_t>> before;
    for (int update = 0; update < 2; ++update) {
      device.begun.clear();
      for (const std::int64_t layer : {2, 1, 0}) {
        sum.layer_done(layer);
        for (const Parameter& p : parameters.all()) {
          const bool begun = std::any_of(device.begun.begin(), device.begun.end(), [&](const auto& bucket) {
            return p.grad.data() < bucket.first + bucket.second && p.grad.data() + p.grad.size() > bucket.first;
          });
          if (begun) {
            EXPECT_GE(p.layer, layer) << p.name;
          }
          if (bytes == 1) {
            EXPECT_EQ(begun, p.layer >= layer) << p.name << " of layer " << p.layer << " after " << layer;
          }
        }
      }
      sum.finish();
      EXPECT_EQ(device.finished, update + 1);
      EXPECT_EQ(device.begun.size(), bytes == 1 ? 10u : bytes == 30'000 ? 6u : 4u);
      if (update > 0) {
        EXPECT_EQ(device.begun, before) << "in one order";
      }
      before = device.begun;
      // Each gradient exactly once.
      auto sorted = device.begun;
      std::sort(sorted.begin(), sorted.end());
      const float* end = parameters.gradients().data();
      for (const auto& [first, n] : sorted) {
        EXPECT_EQ(first, end);
        end = first + n;
      }
      EXPECT_EQ(end, parameters.gradients().data() + parameters.gradients().size());
    }
    // A rank without rows runs no backward pass and starts the same sums.
    device.begun.clear();
    sum.finish();
    EXPECT_EQ(device.begun, before);
  }
}

TEST(GradientReducer, FallsBackToSumsOnTheHost) {
  ParameterSet parameters = three_layers();
  const std::vector<float> ones(64, 1);
  parameters.all()[2].grad.upload(ones);
  Half ranks;
  GradientReducer sum(parameters, ranks, nullptr);
  sum.layer_done(0);
  EXPECT_EQ(parameters.all()[2].grad.values(), ones);
  sum.finish();
  EXPECT_EQ(parameters.all()[2].grad.values(), std::vector<float>(64, 2));
}

}  // namespace
}  // namespace matinee
