#pragma once

#include <string>

#include "lib/base/tool.h"
#include "lib/train/communicator.h"
#include "lib/train/training_run_options.h"

namespace matinee {

/// Trains, writes the result and removes the checkpoint. A run interrupted by a signal writes only a checkpoint; one
/// that reaches its time limit writes a checkpoint and the current result. Returns the tool's exit status: 0, or
/// 128 + signal. Tokens made for another base, and a run that does not fit --max-host-mem, are refused before anything
/// large is loaded. With several ranks each process calls it with the same options; rank 0 prints and writes.
int run_training(const TrainingRunOptions& options, const ToolContext& tool, Communicator& communicator);
/// What the run needs, as lines of text: parameters, memory by purpose, updates, expected speed and time
/// (estimate_seconds). Loads no weights and writes nothing.
std::string plan_training(const TrainingRunOptions& options, const ToolContext& tool);

}  // namespace matinee
