#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

/// What a run was begun with: a checkpoint of a run with another value of any of these is refused, naming it.
struct RunIdentity {
  /// Names as a user knows them ("the base model", "--learning-rate") and values as text.
  std::vector<std::pair<std::string, std::string>> parts;

  /// Of all names and values.
  std::uint64_t hash() const;
};

/// A checkpoint is one safetensors file (kind "checkpoint") that appears whole or not at all; a new one replaces the
/// last.
/// Throws Error(kResource) where the disk is full; the last checkpoint is then still there.
void write_checkpoint(const std::string& path, const RunIdentity& run, const TrainProgress& progress,
                      const TrainState& state);
/// Makes room for a new checkpoint at `path`: PATH.1 becomes PATH.2 and so on up to `keep` - 1, and PATH gets the
/// second name PATH.1, so that there is one at `path` at every moment. Throws Error(kResource).
void keep_older(const std::string& path, std::int64_t keep);
/// Removes a checkpoint and the older ones beside it.
void remove_checkpoints(const std::string& path);
/// Overwrites `state` with what the file holds. Throws Error(kBadData) for a file that is no checkpoint, belongs to
/// another run (the first part that differs is named) or has other tensors than `state`.
TrainProgress read_checkpoint(const std::string& path, const RunIdentity& run, TrainState& state);

}  // namespace matinee
