#include "lib/model/adapted_linear.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr std::int64_t kRows = 5, kIn = 6, kOut = 4, kRank = 2;
constexpr float kScaling = 1.5f;

using Tensors = std::map<std::string, std::vector<double>>;

std::vector<double> drawn(std::size_t size, std::uint64_t index) {
  Random random(4, "adapted", index);
  std::vector<double> values(size);
  for (double& value : values) value = static_cast<float>(random.normal());
  return values;
}

Tensors inputs() {
  return {{"x", drawn(kRows * kIn, 0)},      {"W", drawn(kOut * kIn, 1)}, {"A", drawn(kRank * kIn, 2)},
          {"B", drawn(kOut * kRank, 3)},     {"bias", drawn(kOut, 4)},    {"m", drawn(kOut, 5)},
          {"grad_y", drawn(kRows * kOut, 6)}};
}

std::vector<double> norms(const Tensors& t) {
  std::vector<double> result;
  for (std::size_t o = 0; o < kOut; ++o) {
    double squares = 0;
    for (std::size_t i = 0; i < kIn; ++i) {
      double w = t.at("W")[o * kIn + i];
      for (std::size_t r = 0; r < kRank; ++r) w += kScaling * t.at("B")[o * kRank + r] * t.at("A")[r * kIn + i];
      squares += w * w;
    }
    result.push_back(std::sqrt(squares));
  }
  return result;
}

// The layer as PEFT computes it, in float64. The row norms are passed in, since PEFT treats them as constants.
std::vector<double> layer(const Tensors& t, const std::vector<double>& lengths, const LoraDropout& dropout) {
  std::vector<double> y;
  for (std::int64_t row = 0; row < kRows; ++row) {
    std::vector<double> x(t.at("x").begin() + row * kIn, t.at("x").begin() + (row + 1) * kIn), dropped = x;
    for (std::int64_t i = 0; i < kIn; ++i)
      dropped[static_cast<std::size_t>(i)] *= static_cast<double>(lora_dropout_factor(dropout, kIn, row, i));
    for (std::size_t o = 0; o < kOut; ++o) {
      double base = 0, base_dropped = 0, lora = 0;
      for (std::size_t i = 0; i < kIn; ++i) {
        base += t.at("W")[o * kIn + i] * x[i];
        base_dropped += t.at("W")[o * kIn + i] * dropped[i];
        for (std::size_t r = 0; r < kRank; ++r)
          lora += kScaling * t.at("B")[o * kRank + r] * t.at("A")[r * kIn + i] * dropped[i];
      }
      const double s = t.at("m")[o] / lengths[o];
      y.push_back(base + t.at("bias")[o] + (s - 1) * base_dropped + s * lora);
    }
  }
  return y;
}

class ScaledLinear : public ::testing::TestWithParam<std::pair<float, bool>> {};

TEST_P(ScaledLinear, EqualsTheFormulaAndFiniteDifferences) {
  const auto [probability, accumulate] = GetParam();
  const Tensors t = inputs();
  const LoraDropout dropout{probability, 77, 0};
  const std::vector<double> lengths = norms(t);
  std::map<std::string, std::vector<float>> f, grad;
  for (const auto& [name, values] : t) {
    f[name] = {values.begin(), values.end()};
    grad[name].resize(values.size());
  }
  ThreadPool pool(2);
  Context context(pool);
  const WeightRef weight{{f["W"].data(), WeightFormat::kF32}, nullptr, f["bias"].data(), grad["bias"].data()};
  const LoraFactors lora{.lora_A = f["A"].data(),
                         .lora_B = f["B"].data(),
                         .grad_A = grad["A"].data(),
                         .grad_B = grad["B"].data(),
                         .magnitude = f["m"].data(),
                         .grad_magnitude = grad["m"].data(),
                         .rank = kRank,
                         .scaling = kScaling};
  std::vector<float> xa(kRows * kRank), unscaled(kRows * kOut), row_norms(kOut), y(kRows * kOut, 0.25f);
  const AdaptedLinear linear{.n_rows = kRows,
                             .in = kIn,
                             .out = kOut,
                             .weight = &weight,
                             .lora = &lora,
                             .dropout = dropout,
                             .xa = xa.data(),
                             .unscaled = unscaled.data(),
                             .norms = row_norms.data()};
  adapted_row_norms(context, kOut, kIn, weight.view, lora, row_norms.data());
  linear_forward(context, std::array{LinearOutput{linear, y.data()}}, f["x"].data(), accumulate);
  const std::vector<double> expected = layer(t, lengths, dropout);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i] + (accumulate ? 0.25 : 0), 1e-5) << i;

  std::fill(grad["x"].begin(), grad["x"].end(), 0.5f);
  linear_backward(context, std::array{LinearOutputGradient{linear, f["grad_y"].data()}}, f["x"].data(),
                  grad["x"].data(), accumulate);
  for (const char* name : {"x", "A", "B", "bias", "m"}) {
    for (std::size_t i = 0; i < grad[name].size(); ++i) {
      const auto loss = [&](double step) {
        Tensors moved = t;
        moved[name][i] += step;
        const auto out = layer(moved, lengths, dropout);
        double sum = 0;
        for (std::size_t j = 0; j < out.size(); ++j) sum += t.at("grad_y")[j] * out[j];
        return sum;
      };
      const double before = std::string(name) == "x" && accumulate ? 0.5 : 0;
      EXPECT_NEAR(grad[name][i], before + (loss(1e-4) - loss(-1e-4)) / 2e-4, 2e-5) << name << "[" << i << "]";
    }
  }
}

// Four layers with the same x: adapters with different dropout, no adapter, a magnitude. Equal arguments give equal
// layers.
class FourLayers {
 public:
  FourLayers(MatmulPrecision precision, float drop_probability) {
    const std::array<std::int64_t, kLayers> out{40, 17, 24, 33}, rank{5, 0, 3, 16};
    for (std::size_t i = 0; i < kLayers; ++i) {
      const bool scaled = i == 2;
      weights_[i] = {
          {inputs(out[i] * kWide), WeightFormat::kF32}, zeros(out[i] * kWide), inputs(out[i]), zeros(out[i])};
      refs_[i] = {.lora_A = inputs(rank[i] * kWide),
                  .lora_B = inputs(out[i] * rank[i]),
                  .grad_A = zeros(rank[i] * kWide),
                  .grad_B = zeros(out[i] * rank[i]),
                  .magnitude = scaled ? inputs(out[i]) : nullptr,
                  .grad_magnitude = scaled ? zeros(out[i]) : nullptr,
                  .rank = rank[i],
                  .scaling = kScaling};
      const AdaptedLinear layer{.n_rows = kMany,
                                .in = kWide,
                                .out = out[i],
                                .weight = &weights_[i],
                                .lora = rank[i] > 0 ? &refs_[i] : nullptr,
                                .dropout = {drop_probability, 5 + i, 0},
                                .xa = zeros(kMany * rank[i]),
                                .unscaled = zeros(kMany * out[i]),
                                .norms = inputs(out[i]),
                                .precision = precision};
      outputs_[i] = {layer, zeros(kMany * out[i])};
      gradients_[i] = {layer, inputs(kMany * out[i])};
    }
  }

  /// Forward and backward in groups of `size`.
  void run(Context& context, std::size_t size) {
    for (std::size_t i = 0; i < kLayers; i += size) {
      linear_forward(context, std::span(outputs_).subspan(i, size), x_, false);
      linear_backward(context, std::span(gradients_).subspan(i, size), x_, grad_x_, i > 0);
    }
  }
  /// All results: outputs, kept activations, gradients.
  const std::deque<std::vector<float>>& computed() const { return computed_; }

 private:
  static constexpr std::size_t kLayers = 4;
  static constexpr std::int64_t kMany = 37, kWide = 72;

  float* inputs(std::int64_t size) {
    const std::vector<double> values = drawn(static_cast<std::size_t>(size), inputs_.size());
    return inputs_.emplace_back(values.begin(), values.end()).data();
  }
  float* zeros(std::int64_t size) { return computed_.emplace_back(static_cast<std::size_t>(size)).data(); }

  std::deque<std::vector<float>> inputs_, computed_;
  std::array<WeightRef, kLayers> weights_;
  std::array<LoraFactors, kLayers> refs_;
  std::array<LinearOutput, kLayers> outputs_;
  std::array<LinearOutputGradient, kLayers> gradients_;
  const float* x_ = inputs(kMany * kWide);
  float* grad_x_ = zeros(kMany * kWide);
};

TEST(LinearGroup, EqualsItsLayersComputedSeparately) {
  ThreadPool pool(2);
  Context context(pool);
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    for (const float drop_probability : {0.0f, 0.3f}) {
      FourLayers together(precision, drop_probability), alone(precision, drop_probability);
      together.run(context, 4);
      alone.run(context, 1);
      for (std::size_t i = 0; i < together.computed().size(); ++i) {
        const std::vector<float>&found = together.computed()[i], &wanted = alone.computed()[i];
        for (std::size_t k = 0; k < found.size(); ++k) {
          ASSERT_NEAR(found[k], wanted[k], 1e-4 * std::max(1.0f, std::fabs(wanted[k]))) << "array " << i;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dropout, ScaledLinear,
                         ::testing::Values(std::pair{0.0f, false}, std::pair{0.0f, true}, std::pair{0.4f, false},
                                           std::pair{0.4f, true}));

}  // namespace
}  // namespace matinee
