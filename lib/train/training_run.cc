#include "lib/train/training_run.h"

#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <optional>

#include "kernels/context.h"
#include "lib/base/file.h"
#include "lib/model/checkpoint_files.h"
#include "lib/model/model_parameters.h"
#include "lib/model/rotary_tables.h"
#include "lib/train/run_inputs.h"
#include "lib/train/run_output.h"
#include "lib/train/trainer.h"
#include "lib/train/untrained_end_token.h"

namespace matinee {
namespace {

// Everything that one run holds. Members are declared in the order in which they depend on each other.
class TrainingRun {
 public:
  TrainingRun(const RunRequest& request, TrainingResources& resources, const ToolContext& tool,
              Communicator& communicator)
      : request_(request),
        options_(request.options),
        tool_(tool),
        communicator_(communicator),
        inputs_(request.options, request.given),
        resources_(resources),
        context_(resources.context()),
        precision_(options_.base_format.matmul_precision(context_)),
        all_weights_(context_.allocator()) {}
  RunOutcome train();

 private:
  void load();
  RunIdentity load_weights();
  bool pause_reached() const { return request_.pause_after > 0 && trainer_->progress().step >= request_.pause_after; }
  TrainEnd run_trainer(std::int64_t first_step);
  RunOutcome conclude(TrainEnd end);
  RunOutcome paused();
  void write_result(const std::string& folder);
  std::string describe_ranks() const;
  bool leads() const { return communicator_.rank() == 0; }
  void note(const std::string& text) const {
    if (leads()) tool_.note(text);
  }

  const RunRequest& request_;
  const TrainingRunOptions& options_;
  const ToolContext& tool_;
  Communicator& communicator_;
  RunInputs inputs_;
  TrainingResources& resources_;
  Context& context_;
  MatmulPrecision precision_;
  std::unique_ptr<LoraAdapter> adapter_;
  ParameterSet all_weights_;  // with --full, in place of the adapter
  ModelWeights refs_;
  LoraWeights lora_weights_;
  std::optional<RunOutput> output_;
  std::unique_ptr<DecoderTraining> decoder_;
  std::unique_ptr<Trainer> trainer_;
  std::string why_no_all_reduce_;
  // Destroyed before everything that is on the device: an all-reduce that never ends would keep its memory.
  std::unique_ptr<AllReduce> all_reduce_;
};

// Returns the run's identity, which has the hashes of the base's files.
RunIdentity TrainingRun::load_weights() {
  const TrainingRunOptions& options = options_;
  const BeginProgress progress = leads() ? progress_of(tool_) : silent_progress;
  if (options.full) {
    CheckpointHashes hashes;
    if (options.base.empty()) {
      initialize_parameters(inputs_.config, options.train.seed, all_weights_);
    } else {
      load_parameters(options.base, inputs_.config, all_weights_, &hashes, progress);
    }
    refs_ = refs_of(inputs_.config, all_weights_);
    return inputs_.identity(options, context_, hashes);
  }
  const SharedBase& base = resources_.base(options, inputs_.config, progress);
  refs_ = base.weights->refs();
  if (options.adapter.empty()) {
    LoraConfig lora = inputs_.lora;
    lora.base_model_name_or_path = options.base;
    adapter_ = std::make_unique<LoraAdapter>(inputs_.config, lora, options.train.seed, context_.allocator(),
                                             options.lora.loraplus_lr_ratio);
    adapter_->begin_from(context_, refs_);
  } else {
    adapter_ = std::make_unique<LoraAdapter>(inputs_.config, options.adapter, context_.allocator(),
                                             Gradients::kAllocated, options.lora.loraplus_lr_ratio);
    adapter_->train_on(options.base, inputs_.lora.lora_dropout);
    if (!adapter_->note().empty()) note(adapter_->note());
  }
  adapter_->attach_to(refs_);
  lora_weights_ = adapter_->factors();
  return inputs_.identity(options, context_, base.hashes);
}

void TrainingRun::load() {
  const MemoryPlan plan = inputs_.memory_plan(options_, context_);
  resources_.make_room(plan, options_);
  if (tool_.common().verbose) tool_.note("memory: " + plan.describe());
  if (const std::string factors = describe_longrope(inputs_.config); !factors.empty()) note(factors);
  if (const std::string text = note_on_checkpoint(options_.base); !text.empty()) note(text);
  const RunIdentity identity = load_weights();
  if (adapter_ && leads()) {
    const std::string warning =
        untrained_end_token(options_.base, inputs_.config, adapter_->config(), inputs_.train.info().eos_token_id);
    if (!warning.empty()) tool_.note(warning);
  }
  output_.emplace(options_, inputs_, identity);
  decoder_ = std::make_unique<DecoderTraining>(context_, inputs_.config, refs_, adapter_ ? &lora_weights_ : nullptr,
                                               Trainer::max_tokens(options_.train, inputs_.train.info()), precision_,
                                               options_.recompute);
  all_reduce_ = communicator_.open_all_reduce(context_, why_no_all_reduce_);
  trainer_ = std::make_unique<Trainer>(Trainer::Parts{.context = context_,
                                                      .decoder = *decoder_,
                                                      .parameters = adapter_ ? adapter_->parameters() : all_weights_,
                                                      .train = inputs_.train,
                                                      .valid = inputs_.valid ? &*inputs_.valid : nullptr,
                                                      .config = inputs_.config,
                                                      .lora = adapter_ ? &lora_weights_ : nullptr,
                                                      .matmul_peak = resources_.matmul_peak(precision_),
                                                      .communicator = &communicator_,
                                                      .all_reduce = all_reduce_.get()},
                                       options_.train, options_.checkpoint_path(), output_->identity());
}

std::string TrainingRun::describe_ranks() const {
  const std::string text = fmt::format("{} ranks", communicator_.size());
  if (all_reduce_) return text + "; gradients are summed by NCCL";
  return why_no_all_reduce_.empty() ? text : text + "; gradients pass through the hosts: " + why_no_all_reduce_;
}

void TrainingRun::write_result(const std::string& folder) {
  if (adapter_) {
    output_->write(folder, *adapter_);
  } else {
    output_->write(folder, all_weights_);
  }
}

RunOutcome TrainingRun::train() {
  load();
  if (options_.resume && output_->is_finished()) {
    communicator_.barrier();
    if (leads()) remove_checkpoints(options_.checkpoint_path());
    note(fmt::format("{}: this run is already finished", options_.output));
    return {.is_finished = true, .progress = output_->recorded_progress(), .valid_loss = {}};
  }
  communicator_.barrier();  // every rank has looked for a finished run before anything of it is removed
  if (leads()) output_->prepare();
  communicator_.barrier();
  if (options_.resume && file_exists(options_.checkpoint_path())) trainer_->resume();

  const std::int64_t first_step = trainer_->progress().step;
  watch_stop_signals();
  if (pause_reached()) return paused();
  RunOutcome outcome;
  if (!leads()) {
    TrainCallbacks silent;
    silent.stop = [] { return stop_requested(); };
    trainer_->run(silent);
  } else {
    if (first_step > 0) note(fmt::format("continuing after step {} of {}", first_step, trainer_->total_steps()));
    if (communicator_.size() > 1) note(describe_ranks());
    outcome = conclude(run_trainer(first_step));
    if (tool_.common().verbose && !context_.allocator()->is_host()) {
      note(fmt::format("peak memory on {}: {}", describe(context_.device()),
                       format_size(context_.allocator()->peak_bytes())));
    }
  }
  communicator_.barrier();
  return outcome;
}

// On rank 0: training with progress, metrics and snapshots.
TrainEnd TrainingRun::run_trainer(std::int64_t first_step) {
  MetricsFile metrics(options_.metrics, first_step);
  Progress progress =
      tool_.progress(request_.label, static_cast<std::uint64_t>(trainer_->total_steps() - first_step), "steps");
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepMetrics& step) {
    metrics.write(step);
    progress.status(progress_text(step));
    progress.advance();
  };
  callbacks.on_validation = [&](const StepMetrics& step) {
    metrics.write(step);
    if (tool_.common().progress == ProgressStyle::kPlain) {
      note(fmt::format("step {}: validation loss {:.4f}", step.step, *step.valid_loss));
    }
  };
  callbacks.on_checkpoint = [&] {
    if (!options_.snapshot.empty()) write_result(options_.snapshot);
  };
  callbacks.on_failed_save = [&](const Error& error) {
    note(fmt::format("no checkpoint: {}; training continues", error.what()));
  };
  callbacks.stop = [&] { return stop_requested() || pause_reached(); };
  const TrainEnd end = trainer_->run(callbacks);
  progress.finish();
  return end;
}

// The state is in the checkpoint.
RunOutcome TrainingRun::paused() {
  RunOutcome outcome{.is_paused = true, .progress = trainer_->progress(), .valid_loss = {}};
  if (inputs_.valid) outcome.valid_loss = trainer_->mean_loss(*inputs_.valid);
  write_result(options_.output);
  return outcome;
}

// Writes the result, where the run has one.
RunOutcome TrainingRun::conclude(TrainEnd end) {
  const TrainProgress& progress = trainer_->progress();
  RunOutcome outcome{.is_finished = end != TrainEnd::kInterrupted, .progress = progress, .valid_loss = {}};
  if (end == TrainEnd::kInterrupted) {
    if (pause_reached() && !stop_requested()) return paused();
    note(fmt::format("stopped after step {} of {}, saved in {}; continue with {}", progress.step,
                     trainer_->total_steps(), options_.checkpoint_path(), request_.how_to_continue));
    // Batch systems send SIGTERM and take any other status for a failure.
    if (stop_requested()) {
      outcome.status = stop_signal() == SIGTERM ? 0 : 128 + stop_signal();
    } else {
      write_result(options_.output);
    }
    return outcome;
  }
  if (end == TrainEnd::kEarlyStop) {
    note(fmt::format("stopped early after step {}: the validation loss was lowest, {:.4f}, at step {}", progress.step,
                     progress.best_valid_loss, progress.best_step));
  }
  write_result(options_.output);
  output_->write_record(progress);
  remove_checkpoints(options_.checkpoint_path());
  return outcome;
}

}  // namespace

int run_training(const TrainingRunOptions& options, const ToolContext& tool, Communicator& communicator) {
  options.check();
  TrainingResources resources(tool.threads(), resolve_device(tool.common().device, communicator.local_rank()),
                              tool.common().max_host_mem);
  return run_training({.options = options, .given = tool.options()}, resources, tool, communicator).status;
}

RunOutcome run_training(const RunRequest& request, TrainingResources& resources, const ToolContext& tool,
                        Communicator& communicator) {
  request.options.check();
  return TrainingRun(request, resources, tool, communicator).train();
}

}  // namespace matinee
