#pragma once

#include <cstdint>
#include <string>

#include "lib/model/lora_adapter.h"
#include "lib/train/checkpoint.h"
#include "lib/train/run_inputs.h"
#include "lib/train/training_run_options.h"

namespace matinee {

/// The files that a training run writes: the result, its record training.json, and checkpoints.
class RunOutput {
 public:
  /// Both references must outlive this.
  RunOutput(const TrainingRunOptions& options, const RunInputs& inputs, RunIdentity identity);

  const RunIdentity& identity() const { return identity_; }
  /// Whether training.json says that this run, by its identity, is complete.
  bool is_finished() const;
  /// Steps, tokens and validation losses in training.json.
  TrainProgress recorded_progress() const;
  /// Makes the output folder. Removes an earlier run's record, what a killed run left behind, and without --resume its
  /// checkpoints.
  void prepare() const;
  /// Writes a PEFT adapter to `folder`.
  void write(const std::string& folder, LoraAdapter& adapter) const;
  /// Writes a Hugging Face model in bfloat16 and the tokenizer's files to `folder`.
  void write(const std::string& folder, ParameterSet& model) const;
  /// Writes training.json: what made the result, and the mark that it is complete. Contains no times, so it is the same
  /// for the same run.
  void write_record(const TrainProgress& progress) const;

 private:
  std::string record_path() const { return options_.output + "/training.json"; }

  const TrainingRunOptions& options_;
  const RunInputs& inputs_;
  RunIdentity identity_;
  std::string id_;  // hash of the identity, in hexadecimal
};

}  // namespace matinee
