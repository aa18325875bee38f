#pragma once

#include <string>

#include "lib/base/tool.h"
#include "lib/train/sweep.h"

namespace matinee {

/// Trains the runs of a sweep (those of the shard), in one process that loads each base once, and ranks them. What an
/// earlier call has finished is kept, and an interrupted run continues from its checkpoint. A run that fails or
/// diverges is recorded and the others go on. Returns the tool's exit status: 0; 1 where a run or an evaluation failed
/// or no run has a result; 128 + signal.
int run_sweep(const SweepCall& call, const ToolContext& tool);

/// What the sweep needs, as lines of text: runs, updates, memory, expected time. Loads no weights and writes nothing.
std::string plan_sweep(const SweepCall& call, const ToolContext& tool);

}  // namespace matinee
