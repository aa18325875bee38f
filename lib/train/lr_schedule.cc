#include "lib/train/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/format_error.h"

namespace matinee {

double LrSchedule::at(std::int64_t step) const {
  if (step < warmup_steps) return learning_rate * static_cast<double>(step) / static_cast<double>(warmup_steps);
  if (shape == ScheduleShape::kConstant) return learning_rate;
  // Clamped: without it the cosine would rise again after its last step.
  if (step >= total_steps) return total_steps > warmup_steps ? min_learning_rate : learning_rate;
  std::int64_t first = warmup_steps;
  if (shape == ScheduleShape::kWsd) first = std::max(warmup_steps, total_steps - decay_steps);
  if (step <= first) return learning_rate;
  const double done = static_cast<double>(step - first) / static_cast<double>(total_steps - first);
  if (shape != ScheduleShape::kCosine) return learning_rate + (min_learning_rate - learning_rate) * done;
  return min_learning_rate + 0.5 * (learning_rate - min_learning_rate) * (1 + std::cos(std::numbers::pi * done));
}

ScheduleShape parse_schedule(std::string_view name) {
  if (name == "cosine") return ScheduleShape::kCosine;
  if (name == "linear") return ScheduleShape::kLinear;
  if (name == "constant") return ScheduleShape::kConstant;
  if (name == "wsd") return ScheduleShape::kWsd;
  throw usage_error("--schedule: expected cosine, linear, constant or wsd, found \"{}\"", name);
}

}  // namespace matinee
