#pragma once

#include <cstdint>

namespace matinee {

/// Linear warm-up from 0 to the peak, then a half cosine down to a floor that the last step reaches exactly.
/// By steps only: a run that is stopped and resumed sees the same rates.
struct LrSchedule {
  double learning_rate = 1e-3;      ///< the peak, at step warmup_steps
  double min_learning_rate = 1e-4;  ///< the floor, from step total_steps on
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 1;  ///< warm-up included

  /// The rate of update `step`, 1 at the first. Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, equation 5.
  double at(std::int64_t step) const;
};

}  // namespace matinee
