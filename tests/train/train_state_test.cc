#include "lib/train/train_state.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/adamw8/adamw8.h"
#include "kernels/context.h"
#include "kernels/ops.h"
#include "lib/base/random.h"
#include "lib/model/lora_adapter.h"
#include "tests/support/in_place.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

TEST(TrainState, EachParameterHasItsOwnLearningRate) {
  ParameterSet parameters;
  parameters.allocate({{"lora_A", {2, 2}, false}, {"lora_B", {2, 2}, false, 4}});
  Parameter &a = parameters.all()[0], &b = parameters.all()[1];
  for (Parameter* p : {&a, &b}) set_values(p->grad, {0.5f, -0.25f, 2, 0.125f});
  TrainState state(parameters);
  ThreadPool pool(1);
  Context context(pool);
  state.update(context, {}, 0.01, 1, 1);
  for (std::size_t i = 0; i < a.value.size(); ++i) {
    // AdamW's first update is -learning_rate · sign(gradient).
    EXPECT_NEAR(in_place(a.value)[i], in_place(a.grad)[i] > 0 ? -0.01 : 0.01, 1e-6);
    EXPECT_NEAR(in_place(b.value)[i], in_place(a.grad)[i] > 0 ? -0.04 : 0.04, 1e-6);
  }
}

// Counts the calls of the CPU's operations.
int updates = 0, narrow_updates = 0, sums = 0;
const Ops& counted_ops() {
  static const Ops ops = [] {
    Ops made = ops_of(DeviceKind::kCpu);
    made.adamw_update = [](Context& context, const AdamWArgs& args) {
      ++updates;
      ops_of(DeviceKind::kCpu).adamw_update(context, args);
    };
    made.adamw8_update = [](Context& context, const AdamW8Args& args) {
      ++narrow_updates;
      ops_of(DeviceKind::kCpu).adamw8_update(context, args);
    };
    made.squared_sum = [](Context& context, const SquaredSumArgs& args) {
      ++sums;
      ops_of(DeviceKind::kCpu).squared_sum(context, args);
    };
    return made;
  }();
  return ops;
}

void randomise_gradients(ParameterSet& parameters, std::uint64_t seed) {
  std::uint64_t index = 0;
  for (Parameter& p : parameters.all()) {
    Random random(seed, "gradients", index++);
    for (float& grad : in_place(p.grad)) grad = static_cast<float>(random.normal());
  }
}

TEST(TrainState, PlainAdapterIsUpdatedInOneCall) {
  ThreadPool pool(1);
  Context context(pool, {}, isa_level(), counted_ops(), host_allocator());
  for (const double factor : {1.0, 4.0}) {
    LoraConfig lora;
    lora.rank = 3;
    LoraAdapter adapter(testing::tiny_config(), lora, 1, host_allocator(), factor);
    randomise_gradients(adapter.parameters(), 2);
    TrainState state(adapter.parameters());
    updates = sums = 0;
    state.update(context, {}, 0.01, 1, 1);
    state.gradient_norm(context);
    EXPECT_EQ(updates, factor == 1 ? 1 : 2) << "LoRA+ has two rates";
    EXPECT_EQ(sums, 1);
  }
}

// Tensors of every kind, with sizes that are not multiples of a block. Updating them together equals updating each of
// them separately, and the padding between them stays zero.
TEST(TrainState, JointUpdateEqualsSeparateUpdates) {
  const std::vector<ParameterSpec> specs{{"a", {65, 64}},          {"norm", {300}, false}, {"b", {64, 65}, true, 4},
                                         {"bias", {7}, false},     {"c", {70, 70}},        {"small", {5, 5}, true, 4},
                                         {"d", {1, 5000}, true, 4}};
  const AdamWOptions options{.weight_decay = 0.1};
  ThreadPool pool(3);
  Context context(pool, {}, isa_level(), counted_ops(), host_allocator());
  for (const bool narrow : {false, true}) {
    ParameterSet all;
    all.allocate(specs);
    TrainState state(all, narrow);
    std::vector<std::unique_ptr<ParameterSet>> alone;
    std::vector<std::unique_ptr<TrainState>> states;
    for (const ParameterSpec& spec : specs) {
      alone.push_back(std::make_unique<ParameterSet>());
      alone.back()->allocate({spec});
      states.push_back(std::make_unique<TrainState>(*alone.back(), narrow));
    }
    updates = narrow_updates = 0;
    for (std::int64_t step = 1; step <= 3; ++step) {
      randomise_gradients(all, static_cast<std::uint64_t>(step));
      double squares = 0;
      for (const Parameter& p : all.all()) {
        for (const float grad : in_place(p.grad)) squares += std::pow(static_cast<double>(grad), 2);
      }
      EXPECT_NEAR(state.gradient_norm(context), std::sqrt(squares), 1e-9 * std::sqrt(squares));
      state.update(context, options, 0.01, step, 0.5f);
    }
    // Groups: norms and biases with float32 moments, then small and large matrices by learning rate.
    EXPECT_EQ(updates, 3 * (narrow ? 2 : 4));
    EXPECT_EQ(narrow_updates, 3 * (narrow ? 2 : 0));
    for (std::size_t i = 0; i < specs.size(); ++i) {
      for (std::int64_t step = 1; step <= 3; ++step) {
        randomise_gradients(all, static_cast<std::uint64_t>(step));
        alone[i]->all()[0].grad.copy_from(all.all()[i].grad);
        states[i]->update(context, options, 0.01, step, 0.5f);
      }
      EXPECT_EQ(all.all()[i].value.values(), alone[i]->all()[0].value.values()) << specs[i].name;
      EXPECT_EQ(state.m[i].values(), states[i]->m[0].values()) << specs[i].name;
      EXPECT_EQ(state.v[i].values(), states[i]->v[0].values()) << specs[i].name;
      EXPECT_EQ(state.moments8[i].m_codes.values(), states[i]->moments8[0].m_codes.values()) << specs[i].name;
      EXPECT_EQ(state.moments8[i].r_codes.values(), states[i]->moments8[0].r_codes.values()) << specs[i].name;
      EXPECT_EQ(state.moments8[i].r_scales.values(), states[i]->moments8[0].r_scales.values()) << specs[i].name;
    }
    std::vector<float> values = all.values().values();
    for (const Parameter& p : all.all())
      std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(p.place), p.value.size(), 0.0f);
    for (const float value : values) ASSERT_EQ(value, 0) << "between the tensors";
  }
}

}  // namespace
}  // namespace matinee
