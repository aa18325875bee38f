#include "lib/train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/train/dataset_loss.h"
#include "lib/train/training_speed.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Weight of one step in the smoothed loss.
constexpr double kSmoothing = 0.05;

// Number of updates in an epoch of n_rows rows.
std::int64_t steps_of(const TrainOptions& options, const TokensInfo& info, std::size_t n_rows) {
  const std::int64_t rows_per_step =
      Trainer::max_tokens(options, info) / info.seq_len * options.gradient_accumulation_steps;
  return (static_cast<std::int64_t>(n_rows) + rows_per_step - 1) / rows_per_step;
}

}  // namespace

Trainer::Trainer(const Parts& parts, const TrainOptions& options, std::string checkpoint, RunIdentity run)
    : parts_(parts),
      communicator_(parts.communicator != nullptr ? *parts.communicator : alone_),
      gradient_reducer_(parts.parameters, communicator_, parts.all_reduce),
      options_(options),
      checkpoint_(std::move(checkpoint)),
      run_(std::move(run)),
      rows_per_micro_batch_(max_tokens(options, parts.train.info()) / parts.train.info().seq_len),
      state_(parts.parameters, options.adam_bits == 8) {
  const std::int64_t total = count_steps(options, parts.train);
  const std::int64_t warmup = options.warmup_steps >= 0 ? options.warmup_steps : (total * 3 + 99) / 100;
  schedule_ = {.learning_rate = options.learning_rate,
               .min_learning_rate = options.learning_rate * options.min_learning_rate_ratio,
               .warmup_steps = warmup,
               .total_steps = total,
               .shape = parse_schedule(options.schedule),
               .decay_steps = std::llround(options.decay_share * static_cast<double>(total))};
}

std::int64_t Trainer::max_tokens(const TrainOptions& options, const TokensInfo& info) {
  return std::max<std::int64_t>(1, options.micro_batch_tokens / info.seq_len) * info.seq_len;
}

std::int64_t Trainer::count_steps(const TrainOptions& options, const TokenDataset& train) {
  if (options.max_steps > 0) return options.max_steps;
  std::int64_t total = 0;
  for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch)
    total += steps_of(options, train.info(), train.rows_of_epoch(options.seed, epoch).size());
  return total;
}

void Trainer::open_epoch(std::int64_t epoch) {
  if (open_epoch_ == epoch) return;
  rows_ = parts_.train.rows_of_epoch(options_.seed, epoch);
  open_epoch_ = epoch;
}

void Trainer::resume() { progress_ = read_checkpoint(checkpoint_, run_, state_); }

void Trainer::require_agreement() {
  const auto step = static_cast<double>(progress_.step);
  double sum = step;
  communicator_.all_reduce({&sum, 1});
  // A rank that sees a difference throws; the launcher then ends the others.
  if (communicator_.any(sum != step * communicator_.size())) {
    throw bad_data("{}: rank {} is at step {}, another rank is not", checkpoint_, communicator_.rank(), progress_.step)
        .add_remedy("put the checkpoint on a file system that all machines share");
  }
}

// Compares the gradient norm between ranks, bit by bit: a gradient that differs changes the norm, in this update or, if
// rounding hides it, in a later one. The bits are summed as two whole numbers, so the sum is exact.
void Trainer::require_same_gradients(double norm) {
  if (communicator_.size() == 1) return;
  const auto bits = std::bit_cast<std::uint64_t>(norm);
  const std::array<double, 2> mine{static_cast<double>(bits >> 32), static_cast<double>(bits & 0xffffffffu)};
  std::array<double, 2> sums = mine;
  communicator_.all_reduce(std::span<double>(sums));
  const auto n = static_cast<double>(communicator_.size());
  if (communicator_.any(sums[0] != n * mine[0] || sums[1] != n * mine[1])) {
    throw device_error("step {}: the ranks hold different gradients after they were summed (norm {} on rank {})",
                       progress_.step + 1, norm, communicator_.rank())
        .add_remedy("one of the machines computes or sends wrong numbers; the last checkpoint is older than this step");
  }
}

StepMetrics Trainer::step() {
  const auto start = Clock::now();
  open_epoch(progress_.epoch);
  const auto n_rows = static_cast<std::int64_t>(rows_.size());
  const std::int64_t steps = steps_of(options_, parts_.train.info(), rows_.size());
  // The rows of an epoch are spread evenly, so that its last update is no smaller (and noisier) than the others.
  const std::int64_t first = progress_.epoch_step * n_rows / steps;
  const std::int64_t last = (progress_.epoch_step + 1) * n_rows / steps;

  struct Piece {
    TokenBatch batch;
    std::int64_t tokens_before, supervised_before;  // in the update, so that dropout is independent of the ranks
  };
  std::vector<Piece> mine;
  StepMetrics metrics{.step = progress_.step + 1, .epoch = progress_.epoch, .valid_loss = {}};
  std::int64_t supervised = 0;
  double operations = 0;
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    const std::int64_t begin = first + (last - first) * rank / communicator_.size();
    const std::int64_t end = first + (last - first) * (rank + 1) / communicator_.size();
    for (std::int64_t row = begin; row < end; row += rows_per_micro_batch_) {
      const auto rows = std::span(rows_).subspan(static_cast<std::size_t>(row),
                                                 static_cast<std::size_t>(std::min(rows_per_micro_batch_, end - row)));
      const TokenCounts counts = parts_.train.count(rows);
      if (rank == communicator_.rank()) {
        mine.push_back({parts_.train.batch(rows), metrics.tokens, supervised});
        operations += training_operations(parts_.config, parts_.lora, mine.back().batch);
      }
      metrics.tokens += counts.tokens;
      supervised += counts.supervised;
    }
  }

  parts_.parameters.zero_grad();
  std::array<double, 2> sums{0, operations};  // losses, operations
  const float grad_scale = supervised > 0 ? 1 / static_cast<float>(supervised) : 0;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const Piece& piece = mine[i];
    const DropoutKey key{options_.seed, metrics.step, piece.tokens_before, piece.supervised_before,
                         options_.neftune_alpha};
    std::function<void(std::int64_t)> layer_done;
    if (i + 1 == mine.size()) layer_done = [this](std::int64_t layer) { gradient_reducer_.layer_done(layer); };
    sums[0] += parts_.decoder.forward_backward(piece.batch.view(), grad_scale, key, layer_done).loss;
  }
  // The hosts exchange first, so that a lost rank is noticed here and not while waiting for its device.
  communicator_.all_reduce(std::span<double>(sums));
  gradient_reducer_.finish();
  metrics.loss = supervised > 0 ? sums[0] / static_cast<double>(supervised) : 0;
  metrics.grad_norm = state_.gradient_norm(parts_.context);
  metrics.learning_rate = schedule_.at(metrics.step);
  check(metrics);
  require_same_gradients(metrics.grad_norm);

  const bool clipped = options_.max_grad_norm > 0 && metrics.grad_norm > options_.max_grad_norm;
  const auto grad_clip = clipped ? static_cast<float>(options_.max_grad_norm / metrics.grad_norm) : 1.0f;
  state_.update(parts_.context,
                {.beta1 = options_.beta1, .beta2 = options_.beta2, .weight_decay = options_.weight_decay},
                metrics.learning_rate, metrics.step, grad_clip);

  progress_.smoothed_loss = progress_.step == 0
                                ? metrics.loss
                                : progress_.smoothed_loss + kSmoothing * (metrics.loss - progress_.smoothed_loss);
  progress_.lowest_smoothed_loss =
      progress_.step == 0 ? metrics.loss : std::min(progress_.lowest_smoothed_loss, progress_.smoothed_loss);
  progress_.step = metrics.step;
  progress_.tokens += metrics.tokens;
  if (++progress_.epoch_step == steps) {
    progress_.epoch_step = 0;
    ++progress_.epoch;
  }
  const double seconds = seconds_since(start);
  metrics.tokens_per_second = static_cast<double>(metrics.tokens) / seconds;
  metrics.share_of_peak = parts_.matmul_peak > 0 ? sums[1] / seconds / (parts_.matmul_peak * communicator_.size()) : 0;
  return metrics;
}

void Trainer::check(const StepMetrics& metrics) const {
  const char* remedy = "lower --learning-rate, or raise --warmup-steps";
  if (!std::isfinite(metrics.loss) || !std::isfinite(metrics.grad_norm)) {
    throw TrainingDiverged(bad_data("step {}: the {} is not a finite number; nothing of this step was saved",
                                    metrics.step, std::isfinite(metrics.loss) ? "gradient" : "loss")
                               .add_remedy(remedy));
  }
  if (progress_.step == 0) return;
  const double smoothed = progress_.smoothed_loss + kSmoothing * (metrics.loss - progress_.smoothed_loss);
  const double lowest = progress_.lowest_smoothed_loss;
  if (smoothed > lowest + std::max(1.0, 0.5 * lowest)) {
    throw TrainingDiverged(
        bad_data("step {}: the loss diverges: {:.3f} after it had been {:.3f}; nothing of this step was saved",
                 metrics.step, smoothed, lowest)
            .add_remedy(remedy));
  }
}

double Trainer::mean_loss(const TokenDataset& data) {
  const CrossEntropySums mine =
      dataset_loss(parts_.decoder, data, rows_per_micro_batch_, communicator_.rank(), communicator_.size());
  std::array<double, 2> sums{mine.loss, static_cast<double>(mine.n_counted)};
  communicator_.all_reduce(std::span(sums));
  return sums[1] > 0 ? sums[0] / sums[1] : 0;
}

// True where the run should stop early.
bool Trainer::validate(const TrainCallbacks& callbacks) {
  const double loss = mean_loss(*parts_.valid);
  if (!std::isfinite(loss)) {
    throw TrainingDiverged(bad_data(
        "step {}: the validation loss is not a finite number; nothing of this step was saved", progress_.step));
  }
  if (progress_.best_step == 0 || loss < progress_.best_valid_loss) {
    progress_.best_valid_loss = loss;
    progress_.best_step = progress_.step;
    progress_.validations_since_best = 0;
    state_.keep_best();
  } else {
    ++progress_.validations_since_best;
  }
  if (callbacks.on_validation) {
    callbacks.on_validation({.step = progress_.step, .epoch = progress_.epoch, .valid_loss = loss});
  }
  return options_.patience > 0 && progress_.validations_since_best >= options_.patience;
}

void Trainer::save(const TrainCallbacks& callbacks, bool must) {
  if (checkpoint_.empty() || communicator_.rank() != 0) return;
  last_save_ = Clock::now();
  try {
    keep_older(checkpoint_, options_.keep_checkpoints);
    write_checkpoint(checkpoint_, run_, progress_, state_);
  } catch (const Error& error) {
    if (must || !options_.keep_going || error.code() != ErrorCode::kResource) throw;
    if (callbacks.on_failed_save) callbacks.on_failed_save(error);
    return;
  }
  if (callbacks.on_checkpoint) callbacks.on_checkpoint();
}

TrainEnd Trainer::run(const TrainCallbacks& callbacks) {
  const auto start = Clock::now();
  last_save_ = start;
  require_agreement();
  const std::int64_t first_step = progress_.step;
  // A checkpoint may have been written just before an early stop; its count of validations shows it.
  bool stop_early = options_.patience > 0 && progress_.validations_since_best >= options_.patience;
  while (progress_.step < schedule_.total_steps && !stop_early) {
    StepMetrics metrics = step();
    const double per_step = seconds_since(start) / static_cast<double>(progress_.step - first_step);
    metrics.seconds_left = per_step * static_cast<double>(schedule_.total_steps - progress_.step);
    if (callbacks.on_step) callbacks.on_step(metrics);

    const bool finished = progress_.step == schedule_.total_steps;
    const bool due =
        options_.validate_every > 0 ? progress_.step % options_.validate_every == 0 : progress_.epoch_step == 0;
    if (parts_.valid != nullptr && (due || finished)) stop_early = validate(callbacks);
    const bool late = options_.time_limit_minutes > 0 && seconds_since(start) > 60 * options_.time_limit_minutes;
    if (!finished && !stop_early && communicator_.any(late || (callbacks.stop && callbacks.stop()))) {
      save(callbacks, true);
      return TrainEnd::kInterrupted;
    }
    const bool old = options_.checkpoint_minutes > 0 && seconds_since(last_save_) > 60 * options_.checkpoint_minutes;
    if ((options_.checkpoint_every > 0 && (finished || progress_.step % options_.checkpoint_every == 0)) || old)
      save(callbacks);
  }
  state_.restore_best();
  return stop_early && progress_.step < schedule_.total_steps ? TrainEnd::kEarlyStop : TrainEnd::kFinished;
}

}  // namespace matinee
