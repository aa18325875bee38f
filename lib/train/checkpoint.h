#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/train/train_state.h"

namespace matinee {

/// The progress of a run. It has no random state: every random choice is a function of (seed, purpose, index).
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

/// Everything that determines a run's result. A checkpoint with another value of any part is refused, by its name.
struct RunIdentity {
  /// Names as a user knows them ("the base model", "--learning-rate") and values as text.
  std::vector<std::pair<std::string, std::string>> parts;

  /// Hash of all names and values.
  std::uint64_t hash() const;
};

/// Writes one safetensors file (kind "checkpoint"), which atomically replaces the previous one. Throws
/// Error(kResource) when the disk is full; the previous checkpoint is then unchanged.
void write_checkpoint(const std::string& path, const RunIdentity& run, const TrainProgress& progress,
                      const TrainState& state);
/// Before a new checkpoint at `path`: renames PATH.1 to PATH.2 and so on up to `keep` - 1, and makes PATH.1 a hard link
/// to PATH, so that there is a checkpoint at `path` at any time. Throws Error(kResource).
void keep_older(const std::string& path, std::int64_t keep);
/// Removes a checkpoint and its older versions.
void remove_checkpoints(const std::string& path);
/// Loads `state` from the file and returns the progress. Throws Error(kBadData) for a file that is not a checkpoint,
/// belongs to another run (the message names the first part that differs) or has other tensors than `state`.
TrainProgress read_checkpoint(const std::string& path, const RunIdentity& run, TrainState& state);

}  // namespace matinee
