// lora-train: trains a LoRA adapter or a whole model on tokens.

#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/tool.h"
#include "lib/cluster/mpi_communicator.h"
#include "lib/io/base_files.h"
#include "lib/io/safetensors.h"
#include "lib/prompt/base_template.h"
#include "lib/train/sweep_run.h"
#include "lib/train/training_run.h"
#include "lib/vocabulary/merged_tokenizer.h"

namespace {

constexpr const char* kDetails =
    R"(The loss is the mean over the supervised tokens of an update, however it is split into micro-batches.
       A run that was killed at any moment and continued with --resume (see --checkpoint-every) writes the same bytes
       as an uninterrupted run. Ctrl-C and SIGTERM save a checkpoint and stop. A loss that diverges or is not finite
       stops the run, and nothing from that step is saved. --full writes a Hugging Face folder in bfloat16.
       Under mpirun or srun, the processes share the rows of each update: start one process per GPU (--device auto or
       cuda gives each its own; NCCL sums the gradients), or one per machine if the machines have no GPUs.)";

const matinee::ToolDescription kTool{
    .name = "lora-train",
    .summary = "trains a LoRA adapter of a base model on tokens",
    .synopsis = "[options] --base DIR -o ADAPTER TOKENS",
    .details = kDetails,
    .examples =
        {"lora-train --base base -o adapter tokens",
         "lora-train --base base --valid valid.tokens --rank 16 --checkpoint-every 100 --resume -o adapter tokens",
         "lora-train --plan --base base --rank 16 tokens",
         "lora-train --full --config config.json --max-steps 2000 -o model tokens",
         "lora-train --sweep sweep.json --base base --valid valid.tokens -o sweep tokens",
         "mpirun -n 4 lora-train --device cuda --base base --rank 16 -o adapter tokens"},
    .see_also = "tokenize(1), chat(1), evaluate(1)",
};

// Says where the tokens were made with another template than the base was tuned with.
void note_template_conflict(const matinee::TrainingRunOptions& run, const matinee::ToolContext& tool) {
  const matinee::SafetensorsFile tokens(run.tokens, "tokens", "tokenize");
  const auto name = tokens.metadata().find("matinee.template");
  const std::string conflict =
      name == tokens.metadata().end() ? "" : matinee::template_conflict(name->second, run.base);
  if (!conflict.empty()) tool.note(fmt::format("{}: {}", run.tokens, conflict));
}

// A whole model gets the tokenizer of its base: files are copied with the weights; that of a GGUF file is written here.
void add_tokenizer(const matinee::TrainingRunOptions& run) {
  if (!run.full || run.base.empty() || !matinee::gguf_of_base(run.base)) return;
  if (matinee::file_exists(run.output + "/model.safetensors")) matinee::write_tokenizer_json(run.base, run.output);
}

// Trains the runs of a sweep, or with --plan only says what they need.
int sweep_over(const matinee::SweepOptions& sweep, const matinee::TrainingRunOptions& run,
               const matinee::ToolContext& tool, const matinee::Communicator& ranks) {
  if (ranks.size() > 1)
    throw matinee::Error(matinee::ErrorCode::kUsage, "--sweep runs in one process; share it with --shard I/N instead");
  const matinee::SweepCall call{.sweep = sweep,
                                .tokens = run.tokens,
                                .options = tool.options().assigned(),
                                .evaluate_program = matinee::executable_folder() + "/evaluate",
                                .after_run = add_tokenizer};
  if (!run.plan) return matinee::run_sweep(call, tool);
  std::fputs(matinee::plan_sweep(call, tool).c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace matinee;
  TrainingRunOptions run;
  SweepOptions sweep;
  std::vector<std::string> words;
  return run_tool(
      argc, argv, kTool, kThreads | kSeed | kDevice | kMaxHostMem | kProgress,
      [&](OptionSet& options) {
        options.positional(&words, "TOKENS", 1, 1);
        run.add(options);
        sweep.add(options);
      },
      [&](ToolContext& tool) {
        run.tokens = words.front();
        run.train.seed = tool.common().seed;
        const std::unique_ptr<Communicator> ranks = open_communicator();
        if (ranks->rank() == 0 && !run.base.empty()) note_template_conflict(run, tool);
        if (!sweep.file.empty()) return sweep_over(sweep, run, tool, *ranks);
        if (!sweep.shard.empty()) throw Error(ErrorCode::kUsage, "--shard is for --sweep");
        if (run.plan) {
          if (ranks->rank() == 0) std::fputs(plan_training(run, tool).c_str(), stdout);
          return 0;
        }
        const int status = run_training(run, tool, *ranks);
        if (ranks->rank() == 0) add_tokenizer(run);
        return status;
      });
}
