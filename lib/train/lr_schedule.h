#pragma once

#include <cstdint>
#include <string_view>

namespace matinee {

/// What follows the warm-up.
enum class ScheduleShape : std::uint8_t {
  kCosine,    ///< half a cosine down to the floor (Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5)
  kLinear,    ///< a line down to the floor
  kConstant,  ///< the peak, to the end and beyond
  kWsd,       ///< the peak, and in the last decay_steps a line down to the floor (Hu et al. 2024, arXiv:2404.06395)
};

/// Linear warm-up from 0 to the peak, then a shape whose floor the last step reaches exactly.
/// By steps only: a run that is stopped and resumed sees the same rates.
struct LrSchedule {
  double learning_rate = 1e-3;      ///< the peak, at step warmup_steps
  double min_learning_rate = 1e-4;  ///< the floor, from step total_steps on
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 1;  ///< warm-up included
  ScheduleShape shape = ScheduleShape::kCosine;
  std::int64_t decay_steps = 0;  ///< of kWsd; cut to what the warm-up leaves

  /// The rate of update `step`, 1 at the first.
  double at(std::int64_t step) const;
};

/// "cosine", "linear", "constant" or "wsd". Throws Error(kUsage) for another word.
ScheduleShape parse_schedule(std::string_view name);

}  // namespace matinee
