#pragma once

#include <cstdint>
#include <string>

#include "lib/train/train_state.h"

namespace matinee {

/// Where a run stands. Nothing random is in it: every random choice is a function of (seed, purpose, index).
struct TrainProgress {
  std::int64_t step = 0;        ///< updates done
  std::int64_t epoch = 0;       ///< of the next update
  std::int64_t epoch_step = 0;  ///< updates done in that epoch
  std::int64_t tokens = 0;
  double smoothed_loss = 0;  ///< for the check against divergence; 0 before the first step
  double lowest_smoothed_loss = 0;
  double best_valid_loss = 0;
  std::int64_t best_step = 0;               ///< 0: no validation yet
  std::int64_t validations_since_best = 0;  ///< for the early stop
};

/// A checkpoint is one safetensors file (kind "checkpoint") that appears whole or not at all; a new one replaces the
/// last. `run` names base, tokens and options: another run's checkpoint is refused.
/// Throws Error(kResource) where the disk is full; the last checkpoint is then still there.
void write_checkpoint(const std::string& path, std::uint64_t run, const TrainProgress& progress,
                      const TrainState& state);
/// Overwrites `state` with what the file holds. Throws Error(kBadData) for a file that is no checkpoint, belongs to
/// another run or has other tensors than `state`.
TrainProgress read_checkpoint(const std::string& path, std::uint64_t run, TrainState& state);

}  // namespace matinee
