#include "lib/train/train_options.h"

#include <fmt/format.h>

namespace matinee {

void TrainOptions::add(OptionSet& options) {
  options.group("Training");
  options.integer("samples", &samples, 0, INT64_MAX / 2,
                  "train on this many samples, drawn by --seed; those of a smaller number are among them; 0: all");
  options.integer("epochs", &epochs, 1, 1'000'000, "passes over the samples");
  options.integer("max-steps", &max_steps, 0, INT64_MAX / 2, "number of updates, instead of --epochs; 0: use --epochs");
  options.integer("micro-batch-tokens", &micro_batch_tokens, 1, 1 << 28,
                  "tokens per forward and backward pass, in whole rows of seq_len");
  options.integer("gradient-accumulation-steps", &gradient_accumulation_steps, 1, 1 << 20, "micro-batches per update");
  options.real("learning-rate", &learning_rate, 0, 10, "peak learning rate");
  options.choice("schedule", &schedule, {"cosine", "linear", "constant", "wsd"},
                 "learning rate after warmup: cosine or linear decay, constant, or constant with a final linear decay");
  options.real("decay-share", &decay_share, 0, 1, "with wsd: the fraction of all updates in the final decay");
  options.real("min-learning-rate-ratio", &min_learning_rate_ratio, 0, 1,
               "final learning rate, as a fraction of the peak");
  options.alias("min-learning-rate");
  options.integer("warmup-steps", &warmup_steps, -1, INT64_MAX / 2, "updates of linear warmup; -1: 3 % of all updates");
  options.real("neftune-alpha", &neftune_alpha, 0, 1000, "scale of the noise added to embeddings (NEFTune); 0: none");
  options.real("weight-decay", &weight_decay, 0, 10,
               "decoupled weight decay (AdamW) of matrices; norms, biases and DoRA magnitudes do not decay");
  options.real("beta1", &beta1, 0, 0.9999999, "AdamW's decay rate of the first moment");
  options.real("beta2", &beta2, 0, 0.9999999, "AdamW's decay rate of the second moment");
  options.integer("adam-bits", &adam_bits, 8, 32, "bits per AdamW moment: 32, or 8 for a quarter of the memory");
  options.offer_words({"8", "32"});
  options.real("max-grad-norm", &max_grad_norm, 0, 1e9, "clip gradients to this global norm; 0: no clipping");
  options.integer("validate-every", &validate_every, 0, INT64_MAX / 2,
                  "updates between validations; 0: after each epoch");
  options.integer("patience", &patience, 0, 1 << 20,
                  "stop early after this many validations without a lower loss; 0: never");
  options.integer("checkpoint-every", &checkpoint_every, 0, INT64_MAX / 2,
                  "updates between checkpoints; 0: only when the run is interrupted");
  options.real("checkpoint-minutes", &checkpoint_minutes, 0, 1e6,
               "also write a checkpoint when the last one is this many minutes old; 0: no limit");
  options.integer("keep-checkpoints", &keep_checkpoints, 1, 1000,
                  "number of checkpoints to keep: the newest, and older ones as checkpoint.safetensors.1, .2, ...");
  options.flag("keep-going", &keep_going,
               "keep training when a checkpoint cannot be written, for example on a full disk; the last one is kept");
  options.real("time-limit", &time_limit_minutes, 0, 1e6,
               "save a checkpoint and stop after this many minutes; 0: no limit");
}

std::vector<std::pair<std::string, std::string>> TrainOptions::identity() const {
  const auto text = [](const auto& value) { return fmt::format("{}", value); };
  std::vector<std::pair<std::string, std::string>> parts{
      {"--epochs", text(epochs)},
      {"--max-steps", text(max_steps)},
      {"--micro-batch-tokens", text(micro_batch_tokens)},
      {"--gradient-accumulation-steps", text(gradient_accumulation_steps)},
      {"--learning-rate", text(learning_rate)},
      {"--schedule", schedule},
      {"--min-learning-rate", text(min_learning_rate_ratio)},
      {"--decay-share", text(decay_share)},
      {"--warmup-steps", text(warmup_steps)},
      {"--neftune-alpha", text(neftune_alpha)},
      {"--weight-decay", text(weight_decay)},
      {"--beta1", text(beta1)},
      {"--beta2", text(beta2)},
      {"--adam-bits", text(adam_bits)},
      {"--max-grad-norm", text(max_grad_norm)},
      {"--validate-every", text(validate_every)},
      {"--patience", text(patience)},
      {"--seed", text(seed)}};
  // Only where it is given, so that a run that was made before there was this option is still recognized.
  if (samples > 0) parts.emplace_back("--samples", text(samples));
  return parts;
}

}  // namespace matinee
