// The report of lora-train --plan.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/context.h"
#include "lib/train/metrics.h"
#include "lib/train/run_inputs.h"
#include "lib/train/speed_estimate.h"
#include "lib/train/trainer.h"
#include "lib/train/training_run.h"

namespace matinee {
namespace {

std::string duration_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(seconds / 60);
  if (minutes >= 60) return fmt::format("{} h {} min", with_commas(minutes / 60), minutes % 60);
  return minutes > 0 ? fmt::format("{} min {} s", minutes, static_cast<std::int64_t>(seconds) % 60)
                     : fmt::format("{:.1f} s", seconds);
}

// Tokens of a whole run. The rows of an epoch are spread over its updates, so they follow from its epochs.
double tokens_of(const TrainOptions& options, const TokenDataset& data) {
  TrainOptions one_epoch = options;
  one_epoch.max_steps = 0;
  one_epoch.epochs = 1;
  return static_cast<double>(data.n_tokens()) * static_cast<double>(Trainer::count_steps(options, data)) /
         static_cast<double>(Trainer::count_steps(one_epoch, data));
}

}  // namespace

std::string plan_training(const TrainingRunOptions& options, const ToolContext& tool) {
  options.check();
  const RunInputs inputs(options, tool.options());
  const ModelConfig& config = inputs.config;
  const TokenDataset& data = inputs.train;
  ThreadPool pool(tool.threads());
  Context context(pool, resolve_device(tool.common().device));
  const MatmulPrecision precision = options.base_format.matmul_precision(context);
  const std::size_t libraries = context.allocator()->held_bytes();  // nothing else is allocated yet
  MemoryPlan memory = inputs.memory_plan(options, context);

  const auto rows = data.rows_of_epoch(options.train.seed, 0);
  const auto in_batch = static_cast<std::size_t>(Trainer::max_tokens(options.train, data.info()) / data.info().seq_len);
  const TokenBatch batch = data.batch(std::span(rows).first(std::min(rows.size(), in_batch)));
  const double seconds = estimate_seconds(context, config, options.full ? nullptr : &inputs.lora, batch,
                                          options.base_format.format(context), precision, options.recompute);
  memory.scratch = libraries + context.scratch_bytes();
  const double speed = static_cast<double>(batch.n_tokens()) / seconds, tokens = tokens_of(options.train, data);

  std::string text;
  text += fmt::format("model       {}, {} parameters\n", config.model_type, with_commas(config.parameters()));
  text += fmt::format("trained     {} parameters, {:.2f} %\n", with_commas(memory.n_trained),
                      100 * static_cast<double>(memory.n_trained) / static_cast<double>(config.parameters()));
  text += fmt::format("memory      {}\n", memory.describe());
  text += fmt::format("updates     {}, {} tokens\n", with_commas(Trainer::count_steps(options.train, data)),
                      with_commas(std::llround(tokens)));
  text += fmt::format("tokens/s    {} expected, from {} layers of this shape\n", with_commas(std::llround(speed)),
                      measured_layers(config));
  text += fmt::format("time        {} expected, without validations\n", duration_text(tokens / speed));
  const std::uint64_t limit = tool.common().max_host_mem;
  if (limit > 0 && memory.host_bytes() > limit)
    text += fmt::format("refused     --max-host-mem is {}\n", format_size(limit));
  return text;
}

}  // namespace matinee
