#pragma once

#include <optional>
#include <string>

#include "lib/train/sweep.h"

namespace matinee {

/// Runs `evaluate` on the result of a run with the plan's arguments; the figures go to figures.json in its folder, what
/// it prints to evaluate.log. Throws Error(kResource) with its last line where it fails.
void evaluate_run(const Sweep& sweep, const SweepRun& run, int threads);

/// A figure of a run: by its path in figures.json, as in "rule.act", or in the object `model` there. Nothing where the
/// run was not evaluated. Throws Error(kBadData) for a figure that is not there.
std::optional<double> figure_of(const SweepRun& run, const std::string& name);

}  // namespace matinee
