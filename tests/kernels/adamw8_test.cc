#include "kernels/adamw8/adamw8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "kernels/adamw/adamw.h"
#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "kernels/ops.h"
#include "kernels/reference.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "tests/kernels/test_devices.h"

namespace matinee {
namespace {

template <class T>
struct State {
  explicit State(std::size_t n)
      : param(n),
        grad(n),
        m_codes(n, kAdamW8ZeroM),
        r_codes(n, kAdamW8ZeroR),
        m_scales((n + 255) / 256),
        r_scales((n + 255) / 256) {}
  AdamW8ArgsOf<T> args(std::int64_t step) {
    return {.n = static_cast<std::int64_t>(param.size()),
            .param = param.data(),
            .grad = grad.data(),
            .m_codes = m_codes.data(),
            .m_scales = m_scales.data(),
            .r_codes = r_codes.data(),
            .r_scales = r_scales.data(),
            .learning_rate = 0.01,
            .weight_decay = 0.1,
            .step = step,
            .grad_scale = 0.5f};
  }
  std::vector<T> param, grad;
  std::vector<std::uint8_t> m_codes, r_codes;
  std::vector<float> m_scales, r_scales;
};

// One step on the context's device.
void update(Context& context, State<float>& state, std::int64_t step) {
  const auto upload = [&]<class T>(const std::vector<T>& values) {
    return DeviceBuffer<T>(context.allocator(), std::span<const T>(values));
  };
  auto param = upload(state.param), grad = upload(state.grad), m_scales = upload(state.m_scales),
       r_scales = upload(state.r_scales);
  auto m_codes = upload(state.m_codes), r_codes = upload(state.r_codes);
  AdamW8Args args = state.args(step);
  args.param = param.data();
  args.grad = grad.data();
  args.m_codes = m_codes.data();
  args.r_codes = r_codes.data();
  args.m_scales = m_scales.data();
  args.r_scales = r_scales.data();
  adamw8_update(context, args);
  state.param = param.values();
  state.m_codes = m_codes.values();
  state.r_codes = r_codes.values();
  state.m_scales = m_scales.values();
  state.r_scales = r_scales.values();
}

TEST(AdamW8, CodesIncreaseAndIncludeZeroAndOne) {
  const AdamW8Codes& codes = adamw8_codes();
  for (const auto* values : {&codes.m, &codes.r}) {
    EXPECT_EQ(std::set<float>(values->begin(), values->end()).size(), 256u);
    EXPECT_TRUE(std::is_sorted(values->begin(), values->end()));
    EXPECT_EQ(values->back(), 1);
  }
  EXPECT_EQ(codes.m[kAdamW8ZeroM], 0);
  EXPECT_EQ(codes.r[kAdamW8ZeroR], 0);
  EXPECT_NEAR(codes.r[1], 0.325e-6, 1e-9);
  // The largest power of ten has 64 values of each sign in the signed map, 128 in the unsigned one.
  EXPECT_NEAR(codes.m[254] - codes.m[253], 0.9 / 64, 1e-6);
  EXPECT_NEAR(codes.r[254] - codes.r[253], 0.9 / 128, 1e-6);
}

// From the same codes each step gives the parameters and scales of the float64 reference up to float32's rounding, and
// the same codes, except for elements so near the middle of two codes that rounding decides.
void expect_the_reference(Context& context) {
  for (const std::size_t n : {1u, 255u, 256u, 257u, 1000u, 40000u}) {
    State<float> found(n);
    State<double> expected(n);
    Random random(3, "adamw8", n);
    for (std::size_t i = 0; i < n; ++i) expected.param[i] = found.param[i] = static_cast<float>(random.normal());
    for (std::int64_t step = 1; step <= 5; ++step) {
      for (std::size_t i = 0; i < n; ++i) {
        // Values over eight powers of ten, and some zeros.
        const double size = std::pow(10.0, -static_cast<double>((i * 7) % 9));
        expected.grad[i] = found.grad[i] = i % 11 == 3 ? 0.0f : static_cast<float>(random.normal() * size);
        expected.param[i] = found.param[i];
      }
      expected.m_codes = found.m_codes, expected.r_codes = found.r_codes;
      expected.m_scales = found.m_scales, expected.r_scales = found.r_scales;
      update(context, found, step);
      adamw8_update_ref(expected.args(step));
      std::size_t differing = 0;
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_NEAR(found.param[i], expected.param[i], 1e-6 * (1 + std::fabs(expected.param[i]))) << i;
        ASSERT_LE(std::abs(found.m_codes[i] - expected.m_codes[i]), 1) << i;
        ASSERT_LE(std::abs(found.r_codes[i] - expected.r_codes[i]), 1) << i;
        differing += found.m_codes[i] != expected.m_codes[i] || found.r_codes[i] != expected.r_codes[i] ? 1u : 0u;
      }
      EXPECT_LE(differing, n / 1000) << n;
      for (std::size_t b = 0; b < found.m_scales.size(); ++b) {
        EXPECT_NEAR(found.m_scales[b], expected.m_scales[b], 1e-6 * expected.m_scales[b]);
        EXPECT_NEAR(found.r_scales[b], expected.r_scales[b], 1e-6 * expected.r_scales[b]);
      }
    }
  }
}

TEST(AdamW8, EqualsTheReference) {
  ThreadPool pool(2);
  Context context(pool);
  expect_the_reference(context);
}

TEST(AdamW8, EqualsTheReferenceOnCuda) {
  if (!cuda().context) GTEST_SKIP() << cuda().why_not;
  expect_the_reference(*cuda().context);
}

// An element with a small gradient among large ones: its second moment must not become zero before its first, or the
// update would be divided by eps alone.
TEST(AdamW8, VanishingGradientIsNotDividedByEpsAlone) {
  State<float> state(256);
  ThreadPool pool(1);
  Context context(pool);
  for (std::int64_t step = 1; step <= 60; ++step) {
    for (std::size_t i = 0; i < 256; ++i) state.grad[i] = i == 0 ? (step < 10 ? 1e-5f : 0.0f) : 100.0f;
    const float before = state.param[0];
    adamw8_update(context, state.args(step));
    ASSERT_LT(std::fabs(state.param[0] - before), 0.02) << "step " << step;
  }
}

// A least-squares problem converges as far as with float32 moments.
TEST(AdamW8, ConvergesAsWideMoments) {
  constexpr std::size_t n = 4096;
  std::vector<float> target(n), weight(n);
  Random random(9, "target");
  for (std::size_t i = 0; i < n; ++i) {
    target[i] = static_cast<float>(random.normal());
    weight[i] = static_cast<float>(std::pow(10.0, -2 * random.uniform()));
  }
  State<float> narrow(n);
  std::vector<float> wide(n), grad(n), m(n), v(n);
  ThreadPool pool(1);
  Context context(pool);
  const auto distance = [&](const std::vector<float>& at) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += std::fabs(static_cast<double>(at[i]) - target[i]) / n;
    return sum;
  };
  for (std::int64_t step = 1; step <= 400; ++step) {
    const double rate = 0.02 * (1 - static_cast<double>(step) / 401);
    for (std::size_t i = 0; i < n; ++i) {
      narrow.grad[i] = weight[i] * (narrow.param[i] - target[i]);
      grad[i] = weight[i] * (wide[i] - target[i]);
    }
    AdamW8Args args = narrow.args(step);
    args.learning_rate = rate;
    args.weight_decay = 0;
    args.grad_scale = 1;
    adamw8_update(context, args);
    adamw_update(context, {.n = n,
                           .param = wide.data(),
                           .grad = grad.data(),
                           .m = m.data(),
                           .v = v.data(),
                           .learning_rate = rate,
                           .step = step});
  }
  EXPECT_LT(distance(wide), 0.02);
  EXPECT_LT(distance(narrow.param), 1.2 * distance(wide) + 0.002);
}

TEST(AdamW8, SameBytesAtAnyNumberOfThreads) {
  std::vector<State<float>> states;
  for (const int threads : {1, 3}) {
    State<float> state(50001);
    Random random(5, "grad");
    for (float& g : state.grad) g = static_cast<float>(random.normal());
    ThreadPool pool(threads);
    Context context(pool);
    adamw8_update(context, state.args(1));
    states.push_back(std::move(state));
  }
  EXPECT_EQ(states[0].param, states[1].param);
  EXPECT_EQ(states[0].m_codes, states[1].m_codes);
  EXPECT_EQ(states[0].r_codes, states[1].r_codes);
}

}  // namespace
}  // namespace matinee
