#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/error.h"
#include "lib/model/decoder_training.h"
#include "lib/train/checkpoint.h"
#include "lib/train/communicator.h"
#include "lib/train/gradient_reducer.h"
#include "lib/train/lr_schedule.h"
#include "lib/train/metrics.h"
#include "lib/train/token_dataset.h"
#include "lib/train/train_options.h"
#include "lib/train/train_state.h"

namespace matinee {

enum class TrainEnd : std::uint8_t {
  kFinished,     ///< all updates done
  kEarlyStop,    ///< the validation loss stopped falling
  kInterrupted,  ///< by TrainCallbacks::stop or the time limit; the state is in the checkpoint
};

/// A loss or a gradient that is not finite, or a loss that rises far above its lowest value.
struct TrainingDiverged : Error {
  explicit TrainingDiverged(const Error& error) : Error(error) {}
};

/// Progress callbacks; each may be empty.
struct TrainCallbacks {
  std::function<void(const StepMetrics&)> on_step;        ///< after each update
  std::function<void(const StepMetrics&)> on_validation;  ///< with valid_loss
  std::function<void()> on_checkpoint;                    ///< after a checkpoint was written
  std::function<void(const Error&)> on_failed_save;       ///< with keep_going, when a checkpoint could not be written
  std::function<bool()> stop;                             ///< polled between updates; true interrupts the run
};

/// Trains the parameters of a ParameterSet (LoRA factors or whole models) on a token set. The result is the same, byte
/// by byte, at any number of threads and whether or not the run was interrupted and resumed. With several ranks, each
/// computes its share of the rows of every update: losses differ only by the order of sums, all ranks have the same
/// parameters, and only rank 0 writes checkpoints.
class Trainer {
 public:
  struct Parts {
    Context& context;
    DecoderTraining& decoder;
    ParameterSet& parameters;
    const TokenDataset& train;
    const TokenDataset* valid = nullptr;
    const ModelConfig& config;
    const LoraWeights* lora = nullptr;  ///< null: every weight is trained
    double matmul_peak = 0;             ///< operations per second (measure_matmul_peak), for share_of_peak; 0: unknown
    Communicator* communicator = nullptr;  ///< null: a single process
    AllReduce* all_reduce = nullptr;       ///< between devices (Communicator::open_all_reduce); null: through the hosts
  };

  /// `checkpoint` is the file to write ("": none); `run` is stored in it. The parts must outlive this.
  Trainer(const Parts& parts, const TrainOptions& options, std::string checkpoint, RunIdentity run);

  /// Loads the state from the checkpoint file; call it before run(). Throws as read_checkpoint does.
  void resume();
  /// Trains to the end, or until interrupted. Afterwards the parameters are those with the lowest validation loss, if
  /// there was a validation. Throws TrainingDiverged, an Error(kBadData); the parameters are then useless, and the last
  /// checkpoint is older.
  TrainEnd run(const TrainCallbacks& callbacks);

  const TrainProgress& progress() const { return progress_; }
  const LrSchedule& schedule() const { return schedule_; }
  std::int64_t total_steps() const { return schedule_.total_steps; }
  /// Mean loss in nats per supervised token, without dropout.
  double mean_loss(const TokenDataset& data);

  /// Number of updates of a run with these options on this data.
  static std::int64_t count_steps(const TrainOptions& options, const TokenDataset& train);
  /// Largest micro-batch in tokens, the `max_tokens` of its decoder.
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
