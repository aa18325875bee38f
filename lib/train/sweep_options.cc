#include "lib/train/sweep_options.h"

#include <algorithm>
#include <array>

namespace matinee {
namespace {

// Each run of a sweep has its own files.
constexpr std::array<std::string_view, 6> kOwnFiles{"output", "metrics", "checkpoint", "snapshot", "resume", "plan"};
constexpr std::array<std::string_view, 5> kPauses{"checkpoint-every", "checkpoint-minutes", "keep-checkpoints",
                                                  "keep-going", "time-limit"};

bool contains(const auto& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

void SweepOptions::add(OptionSet& options) {
  options.group("Sweep");
  options.text("sweep", &file, "FILE",
               "train many runs, whose options are searched as this JSON file says (docs/formats.md), into run-001, "
               "run-002, ... of the output folder, and rank them in its sweep.tsv; the same command continues");
  options.text("shard", &shard, "I/N", "train only every N-th run of the sweep, from the I-th on");
}

SweepRunOptions::SweepRunOptions() {
  run.add(set);
  set.integer("seed", &run.train.seed, 0, INT64_MAX, "");
}

void SweepRunOptions::assign(std::string_view name, const std::string& text) {
  if (set.is_flag(name) && text == "false") return;
  set.assign(name, text);
}

void SweepRunOptions::assign_known(const OptionTexts& options) {
  for (const auto& [name, text] : options) {
    if (set.has(name)) assign(name, text);
  }
}

bool is_reserved_in_sweep(std::string_view name) { return contains(kOwnFiles, name) || name == "time-limit"; }

bool determines_result(std::string_view name) { return !contains(kOwnFiles, name) && !contains(kPauses, name); }

}  // namespace matinee
