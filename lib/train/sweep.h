#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/context.h"
#include "lib/train/sweep_options.h"
#include "lib/train/sweep_plan.h"
#include "lib/train/sweep_record.h"
#include "lib/train/sweep_search.h"

namespace matinee {

/// The options of a sweep.
struct SweepCall {
  SweepOptions sweep;
  std::string tokens;
  OptionTexts options;           ///< of the command line
  std::string evaluate_program;  ///< path of evaluate
  /// Called after a run has written its result; may be empty.
  std::function<void(const TrainingRunOptions&)> after_run;
};

struct SweepRun {
  std::string name;                             ///< "run-001"
  std::string folder;                           ///< in the output folder
  OptionTexts settings;                         ///< that the plan gives to it
  std::map<std::string, std::string> identity;  ///< RunRecord::settings
  std::int64_t steps = 0;                       ///< updates
  double tokens = 0;
  RunRecord record;
};

/// A sweep with its runs, as they are in the output folder.
class Sweep {
 public:
  /// Reads the plan, checks options and inputs of every run, and reads what is in the output folder. Loads no weights
  /// and writes nothing. Throws Error(kUsage) and Error(kBadData), also where the folder has a run that was made with
  /// other options, tokens or rungs.
  explicit Sweep(const SweepCall& call, std::uint64_t seed);

  const SweepCall& call() const { return call_; }
  const SweepPlan& plan() const { return plan_; }
  const std::string& text() const { return text_; }      ///< of sweep.json
  const std::string& folder() const { return folder_; }  ///< output folder; "" where --plan has none
  const std::vector<SweepRung>& rungs() const { return rungs_; }
  const SweepShard& shard() const { return shard_; }
  std::vector<SweepRun>& runs() { return runs_; }
  const std::vector<SweepRun>& runs() const { return runs_; }

  /// The options of a run, with its files.
  std::unique_ptr<SweepRunOptions> options_of(const SweepRun& run) const;
  /// "rank 16, learning-rate 0.001".
  static std::string describe(const SweepRun& run);
  /// Reads the records again, since other shards write theirs.
  void refresh();
  /// The runs of a rung, as sorted indices; nothing before the rung below is done.
  std::optional<std::vector<std::size_t>> entrants(std::size_t rung) const;
  /// "finished", "dropped" ...: the record's status, seen beside the other runs.
  std::string status_of(std::size_t run) const;

 private:
  void open_run(SweepRun& run);
  void require_same(const SweepRun& run) const;

  const SweepCall& call_;
  std::uint64_t seed_;
  std::string text_, folder_;
  SweepPlan plan_;
  SweepShard shard_;
  std::vector<SweepRung> rungs_;
  std::vector<SweepRun> runs_;
};

}  // namespace matinee
