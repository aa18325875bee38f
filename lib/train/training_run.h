#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/tool.h"
#include "lib/train/checkpoint.h"
#include "lib/train/communicator.h"
#include "lib/train/training_resources.h"
#include "lib/train/training_run_options.h"

namespace matinee {

/// Trains, writes the result and removes the checkpoint. A run interrupted by a signal writes only a checkpoint; one
/// that reaches its time limit writes a checkpoint and the current result. Returns the tool's exit status: 0, or
/// 128 + signal. Tokens made for another base, and a run that does not fit --max-host-mem, are refused before anything
/// large is loaded. With several ranks each process calls it with the same options; rank 0 prints and writes.
int run_training(const TrainingRunOptions& options, const ToolContext& tool, Communicator& communicator);

/// One of several runs in a process.
struct RunRequest {
  const TrainingRunOptions& options;
  const OptionSet& given;          ///< says which options were given (RunInputs)
  std::int64_t pause_after = 0;    ///< updates, after which the run pauses; 0: it runs to its end
  std::string label = "training";  ///< of the progress display
  std::string how_to_continue = "--resume";
};
struct RunOutcome {
  bool is_finished = false;  ///< else interrupted or paused; the state is in the checkpoint
  bool is_paused = false;    ///< after `pause_after` updates; the result so far is written, too
  TrainProgress progress;
  std::optional<double> valid_loss;  ///< of the parameters at a pause, for a run with validation tokens
  int status = 0;                    ///< the tool's exit status
};
/// The same as run_training(), with resources that other runs use as well. A pause changes nothing in what the run
/// computes: resumed, it writes the same bytes as a run without a pause. Only a single rank can pause.
RunOutcome run_training(const RunRequest& request, TrainingResources& resources, const ToolContext& tool,
                        Communicator& communicator);

/// What the run needs, as lines of text: parameters, memory by purpose, updates, expected speed and time
/// (estimate_seconds). Loads no weights and writes nothing.
std::string plan_training(const TrainingRunOptions& options, const ToolContext& tool);

}  // namespace matinee
