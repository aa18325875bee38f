#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace matinee {

enum class RunStatus : std::uint8_t {
  kWaiting,   ///< not begun
  kStarted,   ///< in training, or interrupted
  kPaused,    ///< at the end of a rung of successive halving
  kFinished,  ///< its adapter is written
  kDiverged,  ///< training it again would end in the same way
  kFailed,    ///< tried again by the next call
};
const char* name_of(RunStatus status);

/// The file run.json in a run's folder: what became of the run.
struct RunRecord {
  RunStatus status = RunStatus::kWaiting;
  std::string message;                          ///< why it diverged or failed, or its evaluation
  std::map<std::string, std::string> settings;  ///< options and hashes that determine the result
  std::vector<std::int64_t> pauses;             ///< updates after which the rungs that it has done ended
  std::vector<double> rung_losses;              ///< validation losses at these pauses
  std::int64_t steps = 0, best_step = 0;
  std::optional<double> valid_loss;    ///< the lowest; at a pause the present one
  double seconds = 0;                  ///< of training and evaluation
  std::vector<std::string> evaluated;  ///< arguments of the evaluation whose figures are there; empty: none

  /// Whether the run needs no training in this rung any more.
  bool has_done(std::size_t rung) const {
    return rung_losses.size() > rung || status == RunStatus::kFinished || status == RunStatus::kDiverged ||
           status == RunStatus::kFailed;
  }
  /// Its loss at the end of the rung; that of a run which was finished earlier is its last.
  std::optional<double> loss_at(std::size_t rung) const {
    if (rung_losses.size() > rung) return rung_losses[rung];
    return status == RunStatus::kFinished ? valid_loss : std::nullopt;
  }
};

/// Reads `folder`/run.json; a run without one is waiting. Throws Error(kBadData).
RunRecord read_run_record(const std::string& folder);
void write_run_record(const std::string& folder, const RunRecord& record);

}  // namespace matinee
