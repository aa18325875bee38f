#include "lib/train/train_state.h"

#include <gtest/gtest.h>

#include "kernels/context.h"
#include "tests/support/in_place.h"

namespace matinee {
namespace {

TEST(TrainState, AParameterLearnsAtItsOwnRate) {
  ParameterSet parameters;
  Parameter& a = parameters.add("lora_A", {2, 2}, false);
  Parameter& b = parameters.add("lora_B", {2, 2}, false);
  b.lr_factor = 4;
  for (Parameter* p : {&a, &b}) set_values(p->grad, {0.5f, -0.25f, 2, 0.125f});
  TrainState state(parameters);
  ThreadPool pool(1);
  Context context(pool);
  state.update(context, {}, 0.01, 1, 1);
  for (std::size_t i = 0; i < a.value.size(); ++i) {
    // AdamW's first update is the learning rate against the sign of the gradient.
    EXPECT_NEAR(in_place(a.value)[i], in_place(a.grad)[i] > 0 ? -0.01 : 0.01, 1e-6);
    EXPECT_NEAR(in_place(b.value)[i], in_place(a.grad)[i] > 0 ? -0.04 : 0.04, 1e-6);
  }
}

}  // namespace
}  // namespace matinee
