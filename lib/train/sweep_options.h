#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/train/training_run_options.h"

namespace matinee {

/// How lora-train is asked for a sweep.
struct SweepOptions {
  std::string file;   ///< sweep.json; "": no sweep
  std::string shard;  ///< "I/N", or "": all runs

  void add(OptionSet& options);
};

/// Names of options and their texts, as on a command line, in order.
using OptionTexts = std::vector<std::pair<std::string, std::string>>;

/// The options of one run of a sweep: those of lora-train, and --seed.
class SweepRunOptions {
 public:
  SweepRunOptions();
  SweepRunOptions(const SweepRunOptions&) = delete;
  SweepRunOptions& operator=(const SweepRunOptions&) = delete;

  /// Throws Error(kUsage) without the option's name. A flag takes "true", or "false", which changes nothing.
  void assign(std::string_view name, const std::string& text);
  /// Assigns the options that a run has; others, such as --threads, are those of the whole process.
  void assign_known(const OptionTexts& options);

  TrainingRunOptions run;
  OptionSet set;
};

/// Whether a sweep decides this option itself or it is one for the whole sweep, so that sweep.json cannot set it.
bool is_reserved_in_sweep(std::string_view name);
/// Whether the option determines what a run computes. Others say where files are, or when checkpoints are written.
bool determines_result(std::string_view name);

}  // namespace matinee
