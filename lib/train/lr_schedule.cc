#include "lib/train/lr_schedule.h"

#include <cmath>
#include <numbers>

namespace matinee {

double LrSchedule::at(std::int64_t step) const {
  if (step < warmup_steps) return learning_rate * static_cast<double>(step) / static_cast<double>(warmup_steps);
  // Clamped: without it the cosine would rise again after its last step.
  if (step >= total_steps) return total_steps > warmup_steps ? min_learning_rate : learning_rate;
  const double done = static_cast<double>(step - warmup_steps) / static_cast<double>(total_steps - warmup_steps);
  return min_learning_rate + 0.5 * (learning_rate - min_learning_rate) * (1 + std::cos(std::numbers::pi * done));
}

}  // namespace matinee
