#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/error.h"
#include "lib/base/options.h"
#include "lib/model/decoder_training.h"
#include "lib/train/checkpoint.h"
#include "lib/train/communicator.h"
#include "lib/train/gradient_reducer.h"
#include "lib/train/lr_schedule.h"
#include "lib/train/metrics.h"
#include "lib/train/token_dataset.h"
#include "lib/train/train_state.h"

namespace matinee {

/// How long and how fast a run learns. Every field from `seed` up belongs to the run: a checkpoint of a run with
/// another value is refused.
struct TrainOptions {
  std::int64_t epochs = 3;
  std::int64_t max_steps = 0;              ///< updates; 0: as many as the epochs have
  std::int64_t micro_batch_tokens = 4096;  ///< tokens in memory at a time, in whole rows of seq_len
  std::int64_t gradient_accumulation_steps = 1;
  double learning_rate = 1e-3;
  double min_learning_rate = 0.1;  ///< the floor, as a share of learning_rate
  std::int64_t warmup_steps = -1;  ///< -1: 3 % of all updates
  std::string schedule{"cosine"};  ///< cosine | linear | constant | wsd
  double decay_share = 0.2;        ///< of all updates, at the end of wsd
  double neftune_alpha = 0;        ///< noise on embeddings (DropoutKey); 0: none
  double weight_decay = 0.01;
  double beta1 = 0.9, beta2 = 0.99;
  std::int64_t adam_bits = 32;  ///< of each moment; 8: of matrices of 4,096 elements and more
  double max_grad_norm = 1;
  std::int64_t validate_every = 0;  ///< updates; 0: at the end of each epoch
  std::int64_t patience = 0;        ///< validations without a lower loss before an early stop; 0: never
  std::uint64_t seed = 1;
  // These change where a run pauses, not what it computes.
  std::int64_t checkpoint_every = 0;  ///< updates; 0: only where the run stops early
  double checkpoint_minutes = 0;      ///< after so long since the last one, too; 0: never
  std::int64_t keep_checkpoints = 1;  ///< the newest, and those before it as CHECKPOINT.1, .2, ...
  bool keep_going = false;            ///< a checkpoint that cannot be written is reported and the run goes on
  double time_limit_minutes = 0;      ///< 0: none

  /// Options of the command line, under the group "Training".
  void add(OptionSet& options);
  /// The options that belong to the run, by name.
  std::vector<std::pair<std::string, std::string>> identity() const;
};

enum class TrainEnd : std::uint8_t {
  kFinished,     ///< all updates done
  kEarlyStop,    ///< the validation loss did not get lower any more
  kInterrupted,  ///< a signal or the time limit; the checkpoint holds where it stands
};

/// How a trainer speaks to its caller; all may be empty.
struct TrainCallbacks {
  std::function<void(const StepMetrics&)> on_step;        ///< after each update
  std::function<void(const StepMetrics&)> on_validation;  ///< with valid_loss
  std::function<void()> on_checkpoint;                    ///< after one was written
  std::function<void(const Error&)> on_failed_save;       ///< with keep_going, where one could not be
  std::function<bool()> stop;                             ///< looked at between updates
};

/// Trains a decoder's parameters on a token set: one loop for LoRA and for whole models, since what is trained is just
/// a ParameterSet. The same bytes at any number of threads, and the same whether it was interrupted or not. With
/// several ranks each takes its share of the rows of every update: the same losses but for the order of sums, and the
/// same parameters on every rank; only rank 0 writes checkpoints.
class Trainer {
 public:
  struct Parts {
    Context& context;
    DecoderTraining& decoder;
    ParameterSet& parameters;
    const TokenDataset& train;
    const TokenDataset* valid = nullptr;
    const ModelConfig& config;
    const LoraSlots* lora = nullptr;  ///< null: every weight is trained
    double matmul_peak = 0;           ///< operations per second (measure_matmul_peak), for the share shown; or 0
    Communicator* ranks = nullptr;    ///< who trains along; null: nobody
    AllReduce* all_reduce =
        nullptr;  ///< between the ranks' devices (Communicator::open_all_reduce); null: through the hosts
  };

  /// `checkpoint` is the file to write ("" never writes one); `run` names what it belongs to.
  Trainer(const Parts& parts, const TrainOptions& options, std::string checkpoint, RunIdentity run);

  /// Continues where the checkpoint file stands. Call before `run`.
  void resume();
  /// Throws Error(kBadData) where loss or gradient is not finite or the loss diverges; the parameters are then of no
  /// use, and the last checkpoint is from before. At the end the parameters are the best validated ones.
  TrainEnd run(const TrainCallbacks& callbacks);

  const TrainProgress& progress() const { return progress_; }
  const LrSchedule& schedule() const { return schedule_; }
  std::int64_t total_steps() const { return schedule_.total_steps; }
  /// Nats per supervised token over a set, without dropout.
  double mean_loss(const TokenDataset& data);

  /// Updates that a run of these options makes on this set.
  static std::int64_t count_steps(const TrainOptions& options, const TokenDataset& train);
  /// Tokens that a decoder must have room for under these options.
  static std::int64_t max_tokens(const TrainOptions& options, const TokensInfo& info);

 private:
  StepMetrics step();
  void check(const StepMetrics& metrics) const;
  bool validate(const TrainCallbacks& callbacks);
  void save(const TrainCallbacks& callbacks, bool must = false);
  void open_epoch(std::int64_t epoch);

  void require_agreement();
  void require_same_gradients(double norm);

  Parts parts_;
  SingleRank alone_;
  Communicator& communicator_;
  GradientReducer gradient_reducer_;
  TrainOptions options_;
  std::string checkpoint_;
  RunIdentity run_;
  std::int64_t rows_per_micro_batch_;
  LrSchedule schedule_;
  TrainState state_;
  TrainProgress progress_;
  std::int64_t open_epoch_ = -1;
  std::chrono::steady_clock::time_point last_save_;
  std::vector<PackedRow> rows_;  ///< of the open epoch
};

}  // namespace matinee
