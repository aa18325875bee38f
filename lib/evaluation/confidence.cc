#include "lib/evaluation/confidence.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "lib/base/random.h"

namespace matinee {
namespace {

constexpr double kZ = 1.959963984540054;  // the 97.5 % quantile of the normal distribution
constexpr std::size_t kDraws = 10'000;

double square(double x) { return x * x; }

}  // namespace

Interval wilson_interval(double right, double all) {
  const double share = right / all, z2 = kZ * kZ;
  const double middle = (share + z2 / (2 * all)) / (1 + z2 / all);
  const double half = kZ / (1 + z2 / all) * std::sqrt(share * (1 - share) / all + z2 / (4 * all * all));
  return {right == 0 ? 0 : middle - half, right == all ? 1 : middle + half};
}

Interval unpaired_difference(double a, const Interval& of_a, double b, const Interval& of_b) {
  return {b - a - std::sqrt(square(b - of_b.low) + square(of_a.high - a)),
          b - a + std::sqrt(square(of_b.high - b) + square(a - of_a.low))};
}

Interval newcombe_interval(double right_a, double all_a, double right_b, double all_b) {
  return unpaired_difference(right_a / all_a, wilson_interval(right_a, all_a), right_b / all_b,
                             wilson_interval(right_b, all_b));
}

Interval newcombe_paired_interval(const PairedAnswers& answers) {
  const auto both = static_cast<double>(answers.both), only_a = static_cast<double>(answers.only_a),
             only_b = static_cast<double>(answers.only_b), neither = static_cast<double>(answers.neither),
             all = static_cast<double>(answers.all());
  const double right_a = both + only_a, right_b = both + only_b;
  const Interval of_a = wilson_interval(right_a, all), of_b = wilson_interval(right_b, all);
  // The correlation of the answers, moved toward 0 where it is positive.
  double phi = 0;
  if (const double margins = right_a * (all - right_a) * right_b * (all - right_b); margins > 0) {
    const double excess = both * neither - only_a * only_b;
    phi = (excess > 0 ? std::max(excess - all / 2, 0.0) : excess) / std::sqrt(margins);
  }
  const double a = right_a / all, b = right_b / all;
  const auto width = [&](double first, double second) {
    return std::sqrt(std::max(square(first) - 2 * phi * first * second + square(second), 0.0));
  };
  return {b - a - width(b - of_b.low, of_a.high - a), b - a + width(of_b.high - b, a - of_a.low)};
}

double mcnemar_p(const PairedAnswers& answers) {
  const std::int64_t differing = answers.only_a + answers.only_b, fewer = std::min(answers.only_a, answers.only_b);
  const auto n = static_cast<double>(differing);
  double sum = 0;
  for (std::int64_t i = 0; i <= fewer; ++i) {
    const auto k = static_cast<double>(i);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) - n * std::log(2.0));
  }
  return std::min(1.0, 2 * sum);
}

Bootstrap::Bootstrap(std::vector<int> strata) : items_(strata.size()) {
  const int count = strata.empty() ? 0 : *std::max_element(strata.begin(), strata.end()) + 1;
  items_of_stratum_.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < strata.size(); ++i) items_of_stratum_[static_cast<std::size_t>(strata[i])].push_back(i);
}

// `value` gets how often each item was drawn, and a figure.
template <class Value>
std::vector<Interval> Bootstrap::quantiles(std::size_t figures, const Value& value) const {
  std::vector<std::vector<double>> drawn(figures, std::vector<double>(kDraws));
  std::vector<double> times(items_);
  Random random(1, "bootstrap", items_);
  for (std::size_t draw = 0; draw < kDraws; ++draw) {
    std::fill(times.begin(), times.end(), 0.0);
    for (const std::vector<std::size_t>& items : items_of_stratum_) {
      for (std::size_t i = 0; i < items.size(); ++i) times[random.pick(items)] += 1;
    }
    for (std::size_t figure = 0; figure < figures; ++figure) drawn[figure][draw] = value(times, figure);
  }
  std::vector<Interval> intervals;
  for (std::vector<double>& values : drawn) {
    std::sort(values.begin(), values.end());
    intervals.push_back({values[kDraws / 40], values[kDraws - 1 - kDraws / 40]});
  }
  return intervals;
}

namespace {

double drawn_value(const std::vector<double>& times, std::span<const FigureCounts> counts) {
  FigureCounts sum{};
  for (std::size_t item = 0; item < times.size(); ++item) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += times[item] * counts[item][i];
  }
  return value_of(sum);
}

}  // namespace

std::vector<Interval> Bootstrap::intervals(const std::vector<std::span<const FigureCounts>>& figures) const {
  return quantiles(figures.size(), [&](const std::vector<double>& times, std::size_t figure) {
    return drawn_value(times, figures[figure]);
  });
}

std::vector<Interval> Bootstrap::paired_differences(const std::vector<std::span<const FigureCounts>>& a,
                                                    const std::vector<std::span<const FigureCounts>>& b) const {
  return quantiles(a.size(), [&](const std::vector<double>& times, std::size_t figure) {
    return drawn_value(times, b[figure]) - drawn_value(times, a[figure]);
  });
}

}  // namespace matinee
