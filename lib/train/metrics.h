#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace matinee {

/// Measurements of one update, or of one validation (then only step, epoch and `valid_loss`).
struct StepMetrics {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double loss = 0;  ///< nats per supervised token of this step
  double grad_norm = 0;
  double learning_rate = 0;
  std::int64_t tokens = 0;  ///< of this step, supervised or not
  double tokens_per_second = 0;
  double share_of_peak = 0;  ///< operations of this step relative to the measured peak of matrix products
  double seconds_left = 0;
  std::optional<double> valid_loss;
};

/// Metrics as JSON lines, one per step, appended immediately so that a run can be watched. Loss and gradient norm are
/// the same in every run of the same inputs; the speeds are not.
class MetricsFile {
 public:
  /// `path` "": writes nothing. `resumed_step` 0 starts a new file; otherwise lines of an existing file up to that step
  /// are kept, and later ones are dropped, since the run writes them again. Throws Error(kResource).
  MetricsFile(std::string path, std::int64_t resumed_step);

  void write(const StepMetrics& metrics);

 private:
  std::string path_;
};

/// "loss 2.1034, 12,345 tokens/s, 43% of the matrix-product peak"; the progress bar adds steps and time left.
std::string progress_text(const StepMetrics& metrics);

/// 1234567 to "1,234,567"; for numbers that are not negative.
std::string with_commas(std::int64_t number);

}  // namespace matinee
