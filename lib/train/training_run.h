#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/tool.h"
#include "lib/model/base_format.h"
#include "lib/model/lora_adapter.h"
#include "lib/train/lora_options.h"
#include "lib/train/trainer.h"

namespace matinee {

/// What lora-train is asked to do.
struct TrainingRun {
  std::string base;        ///< Hugging Face folder; "" only with `full` and `config`
  std::string config;      ///< config.json of a model to begin from nothing; tokenizer files lie beside it
  std::string tokens;      ///< tokens file
  std::string valid;       ///< tokens file, or ""
  std::string output;      ///< folder: a PEFT adapter, or with `full` a Hugging Face model
  std::string snapshot;    ///< folder for the result as it stands at each checkpoint, or ""
  std::string checkpoint;  ///< "": checkpoint.safetensors in `output`
  std::string metrics;     ///< JSON lines, or ""
  BaseFormat base_format;  ///< with `full` not a quantized one
  bool full = false;
  bool resume = false;
  bool plan = false;       ///< print what the run needs, and do nothing else
  bool recompute = false;  ///< keep only the input of each layer for the backward pass
  LoraOptions lora;
  TrainOptions train;

  /// Options of the command line, those of `lora` and `train` among them.
  void add(OptionSet& options);
};

/// Trains and writes the result, then removes the checkpoint. Interrupted by a signal it leaves a checkpoint only; at
/// the time limit a checkpoint and the result as it stands. Returns the exit status of the tool: 0, or 128 + signal.
/// Refuses tokens that were not made for this base, and what would not fit --max-host-mem, before anything is loaded.
/// With several `ranks` each process calls it with the same run; rank 0 speaks and writes.
int run_training(const TrainingRun& run, const ToolContext& tool, Communicator& ranks);
/// What the run needs, in lines: parameters, memory by purpose, updates, the speed and time to expect
/// (estimate_seconds). Loads no weights and writes nothing.
std::string plan_training(const TrainingRun& run, const ToolContext& tool);

}  // namespace matinee
