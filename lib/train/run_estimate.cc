#include "lib/train/run_estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/train/metrics.h"
#include "lib/train/speed_estimate.h"
#include "lib/train/trainer.h"

namespace matinee {

std::string duration_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(seconds / 60);
  if (minutes >= 60) return fmt::format("{} h {} min", with_commas(minutes / 60), minutes % 60);
  return minutes > 0 ? fmt::format("{} min {} s", minutes, static_cast<std::int64_t>(seconds) % 60)
                     : fmt::format("{:.1f} s", seconds);
}

double tokens_of(const TrainOptions& options, const TokenDataset& data) {
  TrainOptions one_epoch = options;
  one_epoch.max_steps = 0;
  one_epoch.epochs = 1;
  return static_cast<double>(data.n_tokens()) * static_cast<double>(Trainer::count_steps(options, data)) /
         static_cast<double>(Trainer::count_steps(one_epoch, data));
}

RunEstimate estimate_run(const TrainingRunOptions& options, const RunInputs& inputs, Context& context) {
  const TokenDataset& data = inputs.train;
  const MatmulPrecision precision = options.base_format.matmul_precision(context);
  const std::size_t libraries = context.allocator()->held_bytes();  // nothing else is allocated yet
  RunEstimate estimate;
  estimate.memory = inputs.memory_plan(options, context);
  const auto rows = data.rows_of_epoch(options.train.seed, 0);
  const auto in_batch = static_cast<std::size_t>(Trainer::max_tokens(options.train, data.info()) / data.info().seq_len);
  const TokenBatch batch = data.batch(std::span(rows).first(std::min(rows.size(), in_batch)));
  const double seconds = estimate_seconds(context, inputs.config, options.full ? nullptr : &inputs.lora, batch,
                                          options.base_format.format(context), precision, options.recompute);
  estimate.memory.scratch = libraries + context.scratch_bytes();
  estimate.tokens_per_second = static_cast<double>(batch.n_tokens()) / seconds;
  return estimate;
}

}  // namespace matinee
