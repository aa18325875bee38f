#pragma once

#include <string>

#include "lib/base/options.h"
#include "lib/model/base_format.h"
#include "lib/model/unread_fields.h"
#include "lib/train/lora_options.h"
#include "lib/train/train_options.h"

namespace matinee {

/// The options of lora-train.
struct TrainingRunOptions {
  std::string base;        ///< a folder, or a GGUF file; "" only with `full` and `config`
  std::string adapter;     ///< PEFT folder that the adapter starts from, or "": a new one
  std::string config;      ///< config.json of a model to train from scratch; tokenizer files are in the same folder
  std::string tokens;      ///< tokens file
  std::string valid;       ///< tokens file, or ""
  std::string output;      ///< folder: a PEFT adapter, or with `full` a Hugging Face model
  std::string snapshot;    ///< folder for the current result at each checkpoint, or ""
  std::string checkpoint;  ///< "": checkpoint.safetensors in `output`
  std::string metrics;     ///< JSON lines, or ""
  IgnoredFields ignored;   ///< of config.json
  BaseFormat base_format;  ///< not quantized with `full`
  bool full = false;
  bool resume = false;
  bool plan = false;       ///< only print what the run needs
  bool recompute = false;  ///< gradient checkpointing
  LoraOptions lora;
  TrainOptions train;

  /// Adds the command-line options, with those of `lora` and `train`.
  void add(OptionSet& options);
  /// Throws Error(kUsage) for options that are missing or contradict each other.
  void check() const;
  std::string checkpoint_path() const;
};

}  // namespace matinee
