#pragma once

#include <string>
#include <vector>

namespace matinee {

/// What a file of `lora-train --metrics` tells of a training.
struct TrainingMetrics {
  std::string path;
  struct Step {
    double step = 0, loss = 0, learning_rate = 0, tokens = 0, tokens_per_second = 0, share_of_peak = 0;
  };
  struct Validation {
    double step = 0, loss = 0;
  };
  std::vector<Step> steps;
  std::vector<Validation> validations;

  double tokens() const;   ///< of all steps
  double seconds() const;  ///< of all steps, from their tokens and rates; validations are not in it
};

/// Throws Error(kBadData) "FILE:LINE: ..." for a line that is not of such a file, and where there is no loss at all. A
/// last line that was cut off is left out.
TrainingMetrics read_training_metrics(const std::string& path);

}  // namespace matinee
