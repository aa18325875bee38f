#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace matinee {

/// One trained tensor as a checkpoint holds it.
struct CheckpointTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<float> value, m, v;  ///< parameter and AdamW's moments
  std::vector<float> best;         ///< the parameter at the lowest validation loss; empty before the first validation
};

/// Where a run stands. Nothing random is in it: every random choice is a function of (seed, purpose, index).
struct TrainProgress {
  std::int64_t step = 0;   ///< updates done
  std::int64_t epoch = 0;  ///< the epoch of the next row
  std::int64_t row = 0;    ///< the next row of that epoch
  std::int64_t tokens = 0;
  double smoothed_loss = 0;  ///< for the check against divergence; 0 before the first step
  double lowest_smoothed_loss = 0;
  double best_valid_loss = 0;
  std::int64_t best_step = 0;               ///< 0: no validation yet
  std::int64_t validations_since_best = 0;  ///< for the early stop
};

/// A checkpoint is one safetensors file (kind "checkpoint") that appears whole or not at all; a new one replaces the
/// last. `run` names base, tokens and options: another run's checkpoint is refused.
struct Checkpoint {
  std::uint64_t run = 0;
  TrainProgress progress;
  std::vector<CheckpointTensor> tensors;
};

/// Throws Error(kResource) where the disk is full; the last checkpoint is then still there.
void write_checkpoint(const std::string& path, const Checkpoint& checkpoint);
/// Throws Error(kBadData) for a file that is no checkpoint or belongs to another run.
Checkpoint read_checkpoint(const std::string& path, std::uint64_t run);

}  // namespace matinee
