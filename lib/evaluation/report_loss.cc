// Curves of the training: loss of each step and of the validations, learning rate.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

using Point = std::pair<double, double>;
using Steps = std::vector<TrainingMetrics::Step>;

constexpr std::size_t kBuckets = 300;

// The least and the greatest loss of each of at most kBuckets ranges of steps.
std::vector<Point> outline_of(const Steps& steps) {
  std::vector<Point> points;
  if (steps.size() <= 2 * kBuckets) {
    for (const auto& step : steps) points.emplace_back(step.step, step.loss);
    return points;
  }
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    const auto first = steps.begin() + static_cast<std::ptrdiff_t>(bucket * steps.size() / kBuckets);
    const auto last = steps.begin() + static_cast<std::ptrdiff_t>((bucket + 1) * steps.size() / kBuckets);
    const auto [least, most] =
        std::minmax_element(first, last, [](const auto& a, const auto& b) { return a.loss < b.loss; });
    const auto [one, two] = std::minmax(least, most);
    points.emplace_back(one->step, one->loss);
    points.emplace_back(two->step, two->loss);
  }
  return points;
}

// An exponential moving average shows the trend despite the noise of single steps.
std::vector<Point> smoothed(const Steps& steps) {
  std::vector<Point> points;
  double mean = steps.front().loss;
  const std::size_t stride = std::max<std::size_t>(1, steps.size() / kBuckets);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    mean += 0.03 * (steps[i].loss - mean);
    if (i % stride == 0 || i + 1 == steps.size()) points.emplace_back(steps[i].step, mean);
  }
  return points;
}

std::vector<Point> rates_of(const Steps& steps) {
  std::vector<Point> points;
  const std::size_t stride = std::max<std::size_t>(1, steps.size() / kBuckets);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i % stride == 0 || i + 1 == steps.size()) points.emplace_back(steps[i].step, steps[i].learning_rate);
  }
  return points;
}

std::string name_of_file(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

void write_loss(MarkupWriter& page, const ReportData& data) {
  static constexpr std::array<const char*, 4> kColors{"s1", "s2", "s3", "s4"};
  static constexpr std::array<const char*, 4> kFaint{"s1 faint", "s2 faint", "s3 faint", "s4 faint"};
  LineChart loss, rate;
  double first = 0, last = 0;
  const bool several = data.metrics.size() > 1;
  for (std::size_t i = 0; i < data.metrics.size(); ++i) {
    const TrainingMetrics& metrics = data.metrics[i];
    const std::string of = several ? metrics.path + ": " : "";
    const char* const color = kColors[i % kColors.size()];
    // Of one run, training and validation have different colors; of several, each run has its own.
    const char* const valid_color = several ? color : "s2";
    const std::vector<Point> smooth = smoothed(metrics.steps);
    std::vector<Point> validations;
    for (const auto& validation : metrics.validations) validations.emplace_back(validation.step, validation.loss);
    if (!several) loss.series.push_back({"training, each step", kFaint[i % kFaint.size()], outline_of(metrics.steps)});
    loss.series.push_back({of + "training, smoothed", color, smooth});
    if (!validations.empty())
      loss.series.push_back({of + "validation" + (several ? " (dots)" : ""), valid_color, validations, true, true});
    rate.series.push_back({several ? metrics.path : "", color, rates_of(metrics.steps)});
    first = std::max(first, smooth.front().second);
    last = i == 0 ? smooth.back().second : std::min(last, smooth.back().second);
  }
  loss.title = "Loss by step";
  loss.x_label = rate.x_label = "step";
  loss.y_label = "nats per supervised token";
  // Where the loss falls by much, its later progress shows on a logarithmic axis only.
  loss.log_y = last > 0 && first / last > 4;
  loss.description = fmt::format("Training loss falls from {:.3f} to {:.3f}, smoothed.{}", first, last,
                                 loss.log_y ? " The vertical axis is logarithmic." : "");
  rate.title = "Learning rate";
  rate.description = "The learning rate of each step.";
  rate.y_label = "rate";
  rate.from_zero = true;
  rate.height = 130;
  draw_chart(page, loss);
  if (loss.log_y) page.element("p", "The axis of the loss is logarithmic.", {{"class", "soft"}});
  draw_chart(page, rate);

  TableWriter table(page, "Trainings",
                    {"metrics", "steps", "last loss, smoothed", "best validation", "at step", "last validation",
                     "tokens", "time of steps"});
  for (const TrainingMetrics& metrics : data.metrics) {
    table.row(several ? metrics.path : name_of_file(metrics.path))
        .number(fmt::format("{:.0f}", metrics.steps.back().step));
    table.number(fmt::format("{:.4f}", smoothed(metrics.steps).back().second));
    if (metrics.validations.empty()) {
      table.number("").number("").number("");
    } else {
      const auto best = std::min_element(metrics.validations.begin(), metrics.validations.end(),
                                         [](const auto& a, const auto& b) { return a.loss < b.loss; });
      table.number(fmt::format("{:.4f}", best->loss)).number(fmt::format("{:.0f}", best->step));
      table.number(fmt::format("{:.4f}", metrics.validations.back().loss));
    }
    table.number(fmt::format("{:.0f}", metrics.tokens())).number(fmt::format("{:.1f} min", metrics.seconds() / 60));
  }
  table.end();
}

}  // namespace matinee
