#pragma once

#include <cstdint>
#include <string_view>

namespace matinee {

/// The schedule after warmup.
enum class ScheduleShape : std::uint8_t {
  kCosine,    ///< half a cosine down to the floor (Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5)
  kLinear,    ///< a line down to the floor
  kConstant,  ///< the peak
  kWsd,       ///< the peak, then a line down to the floor in the last decay_steps (Hu et al. 2024, arXiv:2404.06395)
};

/// Linear warmup from 0 to the peak, then decay that reaches the floor exactly at the last step. A function of the step
/// alone, so a resumed run has the same rates.
struct LrSchedule {
  double learning_rate = 1e-3;      ///< the peak, at step warmup_steps
  double min_learning_rate = 1e-4;  ///< the floor, from step total_steps on
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 1;  ///< with warmup
  ScheduleShape shape = ScheduleShape::kCosine;
  std::int64_t decay_steps = 0;  ///< of kWsd; at most total_steps - warmup_steps

  /// The learning rate of update `step`; the first is 1.
  double at(std::int64_t step) const;
};

/// "cosine", "linear", "constant" or "wsd". Throws Error(kUsage) for another word.
ScheduleShape parse_schedule(std::string_view name);

}  // namespace matinee
