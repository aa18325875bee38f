#include "lib/train/training_run_options.h"

#include "lib/base/format_error.h"

namespace matinee {

void TrainingRunOptions::add(OptionSet& options) {
  options.text("base", &base, "PATH", "base model: a Hugging Face folder (config, weights, tokenizer) or a GGUF file");
  options.offer_suffixes({".gguf"});
  options.text(
      "adapter", &adapter, "DIR",
      "start from this adapter, of lora-train, PEFT or MLX, with its ranks, layers and other LoRA options; the "
      "optimizer starts anew");
  options.flag("full", &full, "train every weight of --base, or of a new model with --config, and write a whole model");
  options.text("config", &config, "FILE", "with --full: train a new model of this config.json from scratch");
  options.offer_suffixes({".json"});
  options.text("output,o", &output, "DIR", "output folder for the adapter (PEFT) or the model");
  options.text("valid", &valid, "FILE",
               "validation tokens; the parameters with the lowest validation loss are written");
  options.text("metrics", &metrics, "FILE", "write one JSON line per step");
  options.text("checkpoint", &checkpoint, "FILE",
               "checkpoint file; default: checkpoint.safetensors in the output folder");
  options.flag("resume", &resume, "resume from the checkpoint, or start if there is none");
  options.text("snapshot", &snapshot, "DIR", "also write the current result here at each checkpoint");
  ignored.add(options);
  base_format.add(options);
  options.flag("plan", &plan, "print parameters, memory, expected speed and time of this run, and exit");
  options.flag("recompute", &recompute,
               "gradient checkpointing: keep only each layer's input and recompute the rest, which takes less memory "
               "and a third more time; on a GPU these inputs and the embedding table are in host memory");
  lora.add(options);
  train.add(options);
}

void TrainingRunOptions::check() const {
  if (output.empty() && !plan) throw usage_error("--output DIR is missing");
  if (train.adam_bits != 8 && train.adam_bits != 32)
    throw usage_error("--adam-bits: expected 8 or 32, found {}", train.adam_bits);
  if (full && base.empty() == config.empty()) throw usage_error("--full takes either --base DIR or --config FILE");
  if (!full && base.empty()) throw usage_error("--base DIR is missing");
  if (!full && !config.empty()) throw usage_error("--config is for --full");
  if (full && !adapter.empty()) throw usage_error("--adapter is for an adapter; merge it to train it with --full");
  if (full && base_format.is_quantized()) {
    throw usage_error("--full trains every weight; a quantized base cannot be trained, so leave --base-format out");
  }
}

std::string TrainingRunOptions::checkpoint_path() const {
  return checkpoint.empty() ? output + "/checkpoint.safetensors" : checkpoint;
}

}  // namespace matinee
