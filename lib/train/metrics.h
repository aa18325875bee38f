#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace matinee {

/// What is known after one update, or after one validation (then `valid_loss`).
struct StepMetrics {
  std::int64_t step = 0;
  std::int64_t epoch = 0;
  double loss = 0;  ///< nats per supervised token of this step
  double grad_norm = 0;
  double learning_rate = 0;
  std::int64_t tokens = 0;  ///< of this step, the unsupervised ones too
  double tokens_per_second = 0;
  double share_of_peak = 0;  ///< operations of this step over what the measured matrix product could have done
  double seconds_left = 0;
  std::optional<double> valid_loss;
};

/// Metrics as JSON lines, one per step, appended at once so that a run can be watched. Loss and gradient norm are the
/// same in every run of the same inputs; the speeds are not.
class MetricsFile {
 public:
  /// "" writes nothing. A resumed run keeps the lines up to `resumed_step` of an existing file and drops the others,
  /// which it will write again; 0 begins a new file. Throws Error(kResource).
  MetricsFile(std::string path, std::int64_t resumed_step);

  void write(const StepMetrics& metrics);

 private:
  std::string path_;
};

/// "loss 2.1034, 12,345 tokens/s, 43% of the matrix-product peak"; the display adds steps and time left.
std::string progress_text(const StepMetrics& metrics);

}  // namespace matinee
