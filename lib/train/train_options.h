#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/options.h"

namespace matinee {

/// How a model is trained: updates, schedule, optimizer, validation, checkpoints. The fields from `samples` to `seed`
/// determine the result; a checkpoint written with other values is refused.
struct TrainOptions {
  std::int64_t samples = 0;  ///< of the tokens file, drawn by the seed; 0: all
  std::int64_t epochs = 3;
  std::int64_t max_steps = 0;              ///< updates; 0: as many as the epochs have
  std::int64_t micro_batch_tokens = 4096;  ///< per forward and backward pass, in whole rows of seq_len
  std::int64_t gradient_accumulation_steps = 1;
  double learning_rate = 1e-3;
  double min_learning_rate_ratio = 0.1;  ///< the schedule's floor, relative to learning_rate
  std::int64_t warmup_steps = -1;        ///< -1: 3 % of all updates
  std::string schedule{"cosine"};        ///< cosine | linear | constant | wsd
  double decay_share = 0.2;              ///< fraction of all updates in the final decay of wsd
  double neftune_alpha = 0;              ///< noise on embeddings (lib/model/neftune.h); 0: none
  double weight_decay = 0.01;
  double beta1 = 0.9, beta2 = 0.99;
  std::int64_t adam_bits = 32;      ///< of each moment; 8: for matrices of 4,096 elements and more
  double max_grad_norm = 1;         ///< 0: no clipping
  std::int64_t validate_every = 0;  ///< updates; 0: at the end of each epoch
  std::int64_t patience = 0;        ///< validations without a lower loss before an early stop; 0: never
  std::uint64_t seed = 1;
  // The rest changes where a run pauses, not what it computes.
  std::int64_t checkpoint_every = 0;  ///< updates; 0: only when the run is interrupted
  double checkpoint_minutes = 0;      ///< since the last checkpoint; 0: no limit
  std::int64_t keep_checkpoints = 1;  ///< the newest, and older ones as CHECKPOINT.1, .2, ...
  bool keep_going = false;            ///< report a checkpoint that cannot be written, and continue
  double time_limit_minutes = 0;      ///< 0: none

  /// Adds the command-line options, in the group "Training".
  void add(OptionSet& options);
  /// The fields that determine the result, by option name. Checkpoints and training.json store these names, so they
  /// stay when an option is renamed.
  std::vector<std::pair<std::string, std::string>> identity() const;
};

}  // namespace matinee
