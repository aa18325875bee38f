#pragma once

#include <cstdint>
#include <string>

#include "kernels/context.h"
#include "lib/train/run_inputs.h"

namespace matinee {

/// What a training run will need.
struct RunEstimate {
  MemoryPlan memory;  ///< with measured scratch memory
  double tokens_per_second = 0;
};
/// Measures for some seconds (estimate_seconds). Loads no weights.
RunEstimate estimate_run(const TrainingRunOptions& options, const RunInputs& inputs, Context& context);
/// Tokens of a whole run. The rows of an epoch are spread over its updates, so they follow from its epochs.
double tokens_of(const TrainOptions& options, const TokenDataset& data);
/// "3 h 5 min", "2 min 3 s", "4.1 s".
std::string duration_text(double seconds);

}  // namespace matinee
