#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/train/sweep_options.h"
#include "lib/train/sweep_plan.h"

namespace matinee {

/// The options that the plan gives to each run. In a grid the last axis varies fastest. Draws are keyed by (seed, names
/// of the axis, run), so a sweep of more runs begins with those of a smaller one, and lists of a new axis change no
/// other. Throws Error(kBadData) for more than 100,000 combinations.
std::vector<OptionTexts> settings_of_runs(const SweepPlan& plan);

/// A rung of successive halving: this many runs are trained up to a share of their updates.
struct SweepRung {
  std::size_t runs = 0;
  double share = 1;
};
/// The rungs for `runs` runs: runs / eta^k of them up to eta^k / eta^(rungs - 1) of their updates. A single rung where
/// the plan does not halve. Throws Error(kBadData) for more rungs than the runs allow.
std::vector<SweepRung> rungs_of(const SweepPlan& plan, std::size_t runs);
/// The update after which a run of `steps` updates pauses at the end of the rung; 0: it runs to its end.
std::int64_t pause_of(const SweepRung& rung, std::int64_t steps);
/// The `count` runs with the lowest losses, as sorted indices. Runs without a loss are never among them; of equal
/// losses the earlier run wins.
std::vector<std::size_t> lowest_losses(const std::vector<std::optional<double>>& losses, std::size_t count);

/// A part of a sweep: the runs with index % count == index of the shard.
struct SweepShard {
  std::size_t index = 0, count = 1;
  bool has(std::size_t run) const { return run % count == index; }
};
/// Reads "I/N"; "" is the whole. Throws Error(kUsage).
SweepShard parse_shard(const std::string& text);

}  // namespace matinee
