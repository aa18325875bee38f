// The backward pass of each reference against central differences of its forward pass, in float64. The backends'
// backward passes are compared with the references' in conformance_test.cc.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <tuple>
#include <vector>

#include "kernels/reference.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

using Tensor = std::vector<double>;
using Tensors = std::vector<Tensor>;

Tensor random_tensor(std::int64_t size, std::uint64_t index) {
  Random random(1, "gradient-test", index);
  Tensor result;
  for (std::int64_t i = 0; i < size; ++i) result.push_back(2 * random.uniform() - 1);
  return result;
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// `loss` of the inputs has the gradients `found`. With a step of 1e-5 the differences err by 1e-10 (curvature) and
// 1e-11 (cancellation) for losses near 1.
void expect_gradient(Tensors inputs, const std::function<double(Tensors&)>& loss, const Tensors& found) {
  constexpr double kStep = 1e-5;
  ASSERT_EQ(inputs.size(), found.size());
  for (std::size_t t = 0; t < inputs.size(); ++t) {
    ASSERT_EQ(inputs[t].size(), found[t].size()) << "tensor " << t;
    for (std::size_t i = 0; i < inputs[t].size(); ++i) {
      const double value = inputs[t][i];
      inputs[t][i] = value + kStep;
      const double above = loss(inputs);
      inputs[t][i] = value - kStep;
      const double below = loss(inputs);
      inputs[t][i] = value;
      const double wanted = (above - below) / (2 * kStep);
      ASSERT_TRUE(std::isfinite(wanted) && std::isfinite(found[t][i])) << "tensor " << t << "[" << i << "]";
      EXPECT_NEAR(found[t][i], wanted, 1e-7 * (1 + std::fabs(wanted))) << "tensor " << t << "[" << i << "]";
    }
  }
}

TEST(Gradient, Matmul) {
  const std::int64_t n = 3, in = 4, out = 5;
  const Tensors inputs = {random_tensor(n * in, 0), random_tensor(out * in, 1), random_tensor(out, 2)};
  const Tensor grad_y = random_tensor(n * out, 3);
  Tensors found = {Tensor(inputs[0].size()), Tensor(inputs[1].size()), Tensor(inputs[2].size())};
  matmul_backward_input_ref({.n_rows = n,
                             .in = in,
                             .out = out,
                             .grad_y = grad_y.data(),
                             .weight = {inputs[1].data(), WeightFormat::kF32},
                             .grad_x = found[0].data()});
  matmul_backward_weight_ref({.n_rows = n,
                              .in = in,
                              .out = out,
                              .grad_y = grad_y.data(),
                              .x = inputs[0].data(),
                              .grad_weight = found[1].data(),
                              .grad_bias = found[2].data()});
  expect_gradient(
      inputs,
      [&](Tensors& t) {
        Tensor y(static_cast<std::size_t>(n * out));
        matmul_forward_ref({.n_rows = n,
                            .in = in,
                            .out = out,
                            .x = t[0].data(),
                            .weight = {t[1].data(), WeightFormat::kF32},
                            .bias = t[2].data(),
                            .y = y.data()});
        return dot(grad_y, y);
      },
      found);
}

// Two adapters on one x with different dropout masks.
TEST(Gradient, LoraMatmul) {
  const std::int64_t n = 3, in = 9, out[] = {5, 4}, rank[] = {2, 3};
  for (const float drop : {0.0f, 0.4f}) {
    Tensors inputs = {random_tensor(n * in, 0)}, grad_y, xa;
    std::vector<LoraPartOf<double>> parts;
    for (const std::size_t i : {0, 1}) {
      inputs.push_back(random_tensor(rank[i] * in, 1 + 3 * i));
      inputs.push_back(random_tensor(out[i] * rank[i], 2 + 3 * i));
      grad_y.push_back(random_tensor(n * out[i], 3 + 3 * i));
      xa.emplace_back(static_cast<std::size_t>(n * rank[i]));
      parts.push_back({.out = out[i],
                       .rank = rank[i],
                       .scaling = 0.7f,
                       .dropout = {.drop_probability = drop, .key = 99 + i, .first_row = 4}});
    }
    const auto forward = [&](const Tensors& t) {
      double sum = 0;
      Tensors y;
      for (const std::size_t i : {0, 1}) y.emplace_back(grad_y[i].size());
      for (const std::size_t i : {0, 1}) {
        parts[i].lora_A = t[1 + 2 * i].data();
        parts[i].lora_B = t[2 + 2 * i].data();
        parts[i].xa = xa[i].data();
        parts[i].y = y[i].data();
      }
      lora_matmul_forward_ref({.n_rows = n, .in = in, .x = t[0].data(), .parts = parts});
      for (const std::size_t i : {0, 1}) sum += dot(grad_y[i], y[i]);
      return sum;
    };
    forward(inputs);
    Tensors found;
    for (const Tensor& input : inputs) found.emplace_back(input.size());
    std::vector<LoraBackwardPartOf<double>> backward;
    for (const std::size_t i : {0, 1}) {
      backward.push_back({.out = out[i],
                          .rank = rank[i],
                          .grad_y = grad_y[i].data(),
                          .xa = xa[i].data(),
                          .lora_A = inputs[1 + 2 * i].data(),
                          .lora_B = inputs[2 + 2 * i].data(),
                          .scaling = parts[i].scaling,
                          .dropout = parts[i].dropout,
                          .grad_A = found[1 + 2 * i].data(),
                          .grad_B = found[2 + 2 * i].data()});
    }
    lora_matmul_backward_ref(
        {.n_rows = n, .in = in, .x = inputs[0].data(), .parts = backward, .grad_x = found[0].data()});
    expect_gradient(inputs, forward, found);
  }
}

TEST(Gradient, RmsNorm) {
  const std::int64_t n = 3, width = 7;
  const Tensors inputs = {random_tensor(n * width, 0), random_tensor(width, 1)};
  const Tensor grad_y = random_tensor(n * width, 2);
  Tensor rstd(static_cast<std::size_t>(n));
  const auto forward = [&](const Tensors& t) {
    Tensor y(static_cast<std::size_t>(n * width));
    rms_norm_forward_ref(
        {.n_rows = n, .width = width, .x = t[0].data(), .weight = t[1].data(), .y = y.data(), .rstd = rstd.data()});
    return dot(grad_y, y);
  };
  forward(inputs);
  Tensors found = {Tensor(inputs[0].size()), Tensor(inputs[1].size())};
  rms_norm_backward_ref({.n_rows = n,
                         .width = width,
                         .grad_y = grad_y.data(),
                         .x = inputs[0].data(),
                         .weight = inputs[1].data(),
                         .rstd = rstd.data(),
                         .grad_x = found[0].data(),
                         .grad_weight = found[1].data()});
  expect_gradient(inputs, forward, found);
}

TEST(Gradient, LayerNorm) {
  const std::int64_t n = 3, width = 7;
  const Tensors inputs = {random_tensor(n * width, 0), random_tensor(width, 1), random_tensor(width, 2)};
  const Tensor grad_y = random_tensor(n * width, 3);
  Tensor mean(static_cast<std::size_t>(n)), rstd(static_cast<std::size_t>(n));
  const auto forward = [&](const Tensors& t) {
    Tensor y(static_cast<std::size_t>(n * width));
    layer_norm_forward_ref({.n_rows = n,
                            .width = width,
                            .x = t[0].data(),
                            .weight = t[1].data(),
                            .bias = t[2].data(),
                            .y = y.data(),
                            .mean = mean.data(),
                            .rstd = rstd.data()});
    return dot(grad_y, y);
  };
  forward(inputs);
  Tensors found = {Tensor(inputs[0].size()), Tensor(inputs[1].size()), Tensor(inputs[2].size())};
  layer_norm_backward_ref({.n_rows = n,
                           .width = width,
                           .grad_y = grad_y.data(),
                           .x = inputs[0].data(),
                           .weight = inputs[1].data(),
                           .mean = mean.data(),
                           .rstd = rstd.data(),
                           .grad_x = found[0].data(),
                           .grad_weight = found[1].data(),
                           .grad_bias = found[2].data()});
  expect_gradient(inputs, forward, found);
}

TEST(Gradient, Rotary) {
  const std::int64_t n = 3, heads = 2, dim = 7, rotary = 4, positions = 5;
  const std::vector<std::int32_t> at = {0, 4, 2};
  const std::vector<double> frequency = {1.0, 0.1};
  std::vector<float> cosines(positions * 2), sines(positions * 2);
  // With a multiplier, as in YaRN, the rotation is not orthogonal; its backward pass is still the transposed matrix.
  fill_rotary_tables(frequency.data(), 2, positions, 1.3, cosines.data(), sines.data());
  const Tensor cosine(cosines.begin(), cosines.end()), sine(sines.begin(), sines.end());
  for (const RotaryStyle style : {RotaryStyle::kHalfSplit, RotaryStyle::kInterleaved}) {
    const auto args = [&](double* x) {
      return RotaryArgsOf<double>{.n_tokens = n,
                                  .n_heads = heads,
                                  .head_dim = dim,
                                  .rotary_dim = rotary,
                                  .style = style,
                                  .positions = at.data(),
                                  .n_positions = positions,
                                  .cosines = cosine.data(),
                                  .sines = sine.data(),
                                  .x = x};
    };
    const Tensors inputs = {random_tensor(n * heads * dim, 0)};
    const Tensor grad_y = random_tensor(n * heads * dim, 1);
    Tensors found = {grad_y};
    rotary_backward_ref(args(found[0].data()));
    expect_gradient(
        inputs,
        [&](Tensors& t) {
          Tensor y = t[0];
          rotary_forward_ref(args(y.data()));
          return dot(grad_y, y);
        },
        found);
  }
}

class GradientWindow : public ::testing::TestWithParam<std::tuple<std::int64_t, float>> {};

TEST_P(GradientWindow, Attention) {
  const std::vector<std::int32_t> starts = {0, 0, 0, 3, 4, 4, 4, 4};
  const auto [window, softcap] = GetParam();
  const auto n = static_cast<std::int64_t>(starts.size());
  const std::int64_t heads = 4, kv_heads = 2, dim = 3;
  const Tensors inputs = {random_tensor(n * heads * dim, 0), random_tensor(n * kv_heads * dim, 1),
                          random_tensor(n * kv_heads * dim, 2)};
  const Tensor grad_out = random_tensor(n * heads * dim, 3);
  Tensor out(grad_out.size()), logsumexp(static_cast<std::size_t>(n * heads));
  const auto forward = [&](const Tensors& t) {
    attention_forward_ref({.n_tokens = n,
                           .n_heads = heads,
                           .n_kv_heads = kv_heads,
                           .head_dim = dim,
                           .scale = 0.6f,
                           .window = window,
                           .softcap = softcap,
                           .segment_start = starts.data(),
                           .q = t[0].data(),
                           .k = t[1].data(),
                           .v = t[2].data(),
                           .out = out.data(),
                           .logsumexp = logsumexp.data()});
    return dot(grad_out, out);
  };
  forward(inputs);
  Tensors found = {Tensor(inputs[0].size()), Tensor(inputs[1].size()), Tensor(inputs[2].size())};
  attention_backward_ref({.n_tokens = n,
                          .n_heads = heads,
                          .n_kv_heads = kv_heads,
                          .head_dim = dim,
                          .scale = 0.6f,
                          .window = window,
                          .softcap = softcap,
                          .segment_start = starts.data(),
                          .q = inputs[0].data(),
                          .k = inputs[1].data(),
                          .v = inputs[2].data(),
                          .out = out.data(),
                          .logsumexp = logsumexp.data(),
                          .grad_out = grad_out.data(),
                          .grad_q = found[0].data(),
                          .grad_k = found[1].data(),
                          .grad_v = found[2].data()});
  expect_gradient(inputs, forward, found);
}

INSTANTIATE_TEST_SUITE_P(Windows, GradientWindow,
                         ::testing::Combine(::testing::Values(0, 1, 2, 3, 9), ::testing::Values(0.0f, 0.7f)));

TEST(Gradient, Activation) {
  const std::int64_t n = 11;
  for (const Activation activation :
       {Activation::kSilu, Activation::kGeluTanh, Activation::kGeluExact, Activation::kRelu}) {
    const Tensors inputs = {random_tensor(n, 0), random_tensor(n, 1)};
    const Tensor grad_y = random_tensor(n, 2);
    Tensors found = {Tensor(inputs[0].size()), Tensor(inputs[1].size())};
    activation_backward_ref({.n = n,
                             .activation = activation,
                             .grad_y = grad_y.data(),
                             .x = inputs[0].data(),
                             .up = inputs[1].data(),
                             .grad_x = found[0].data(),
                             .grad_up = found[1].data()});
    expect_gradient(
        inputs,
        [&](Tensors& t) {
          Tensor y(static_cast<std::size_t>(n));
          activation_forward_ref(
              {.n = n, .activation = activation, .x = t[0].data(), .up = t[1].data(), .y = y.data()});
          return dot(grad_y, y);
        },
        found);
  }
}

TEST(Gradient, CrossEntropyOfCappedLogits) {
  const std::vector<std::int32_t> targets = {3, kIgnoredTarget, 0};
  const std::int64_t vocab = 5;
  const float cap = 0.8f;
  const auto loss = [&](Tensor& logits, bool with_gradient) {
    CrossEntropySums sums;
    softcap_ref({.n = 3 * vocab, .cap = cap, .x = logits.data()});
    cross_entropy_ref({.n_rows = 3,
                       .vocab = vocab,
                       .logits = logits.data(),
                       .targets = targets.data(),
                       .with_gradient = with_gradient,
                       .softcap = cap,
                       .sums = &sums});
    return sums.loss;
  };
  const Tensors inputs = {random_tensor(3 * vocab, 0)};
  Tensors found = inputs;
  loss(found[0], true);
  expect_gradient(
      inputs,
      [&](Tensors& t) {
        Tensor logits = t[0];
        return loss(logits, false);
      },
      found);
}

TEST(Gradient, CrossEntropy) {
  const std::vector<std::int32_t> targets = {3, kIgnoredTarget, 0};
  const std::int64_t vocab = 5;
  const auto args = [&](double* logits, CrossEntropySums* sums, bool with_gradient) {
    return CrossEntropyArgsOf<double>{.n_rows = 3,
                                      .vocab = vocab,
                                      .logits = logits,
                                      .targets = targets.data(),
                                      .with_gradient = with_gradient,
                                      .grad_scale = 0.5f,
                                      .sums = sums};
  };
  const Tensors inputs = {random_tensor(3 * vocab, 0)};
  Tensors found = inputs;
  CrossEntropySums ignored;
  cross_entropy_ref(args(found[0].data(), &ignored, true));
  expect_gradient(
      inputs,
      [&](Tensors& t) {
        CrossEntropySums sums;
        cross_entropy_ref(args(t[0].data(), &sums, false));
        return 0.5 * sums.loss;
      },
      found);
}

TEST(Gradient, Embedding) {
  const std::vector<std::int32_t> ids = {2, 0, 2};
  const std::int64_t vocab = 4, width = 3;
  const Tensors inputs = {random_tensor(vocab * width, 0)};
  const Tensor grad_y = random_tensor(3 * width, 1);
  Tensors found = {Tensor(inputs[0].size())};
  embedding_backward_ref({.n_tokens = 3,
                          .vocab = vocab,
                          .width = width,
                          .ids = ids.data(),
                          .grad_y = grad_y.data(),
                          .multiplier = 1.5f,
                          .grad_table = found[0].data()});
  expect_gradient(
      inputs,
      [&](Tensors& t) {
        Tensor y(static_cast<std::size_t>(3 * width));
        embedding_forward_ref({.n_tokens = 3,
                               .vocab = vocab,
                               .width = width,
                               .ids = ids.data(),
                               .table = {t[0].data(), WeightFormat::kF32},
                               .multiplier = 1.5f,
                               .y = y.data()});
        return dot(grad_y, y);
      },
      found);
}

// The gradients of Σ y·grad_y with respect to z and to the magnitudes.
TEST(Gradient, DoraScale) {
  const std::int64_t n = 3, out = 5;
  const Tensors inputs = {random_tensor(n * out, 0), random_tensor(out, 1)};
  Tensor norms = random_tensor(out, 2);
  for (double& norm : norms) norm = 1.5 + norm;
  const Tensor grad_y = random_tensor(n * out, 3);
  Tensors found = {Tensor(inputs[0].size()), Tensor(inputs[1].size())};
  dora_backward_ref({.n_rows = n,
                     .out = out,
                     .grad_y = grad_y.data(),
                     .z = inputs[0].data(),
                     .magnitude = inputs[1].data(),
                     .norms = norms.data(),
                     .grad_z = found[0].data(),
                     .grad_magnitude = found[1].data()});
  expect_gradient(
      inputs,
      [&](Tensors& t) {
        Tensor y(static_cast<std::size_t>(n * out));
        dora_scale_ref({.n_rows = n,
                        .out = out,
                        .z = t[0].data(),
                        .magnitude = t[1].data(),
                        .norms = norms.data(),
                        .y = y.data()});
        return dot(y, grad_y);
      },
      found);
}

}  // namespace
}  // namespace matinee
