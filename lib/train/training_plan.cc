// The report of lora-train --plan.

#include <fmt/format.h>

#include <cmath>

#include "kernels/context.h"
#include "lib/train/metrics.h"
#include "lib/train/run_estimate.h"
#include "lib/train/speed_estimate.h"
#include "lib/train/trainer.h"
#include "lib/train/training_run.h"

namespace matinee {
std::string plan_training(const TrainingRunOptions& options, const ToolContext& tool) {
  options.check();
  const RunInputs inputs(options, tool.options());
  const ModelConfig& config = inputs.config;
  const TokenDataset& data = inputs.train;
  ThreadPool pool(tool.threads());
  Context context(pool, resolve_device(tool.common().device));
  const RunEstimate estimate = estimate_run(options, inputs, context);
  const MemoryPlan& memory = estimate.memory;
  const double speed = estimate.tokens_per_second, tokens = tokens_of(options.train, data);

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
