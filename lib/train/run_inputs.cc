#include "lib/train/run_inputs.h"

#include <fmt/format.h>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/base_files.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/model/adapter_file.h"
#include "lib/train/trainer.h"

namespace matinee {
namespace {

std::string hex(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

// Throws unless the tokens were made with the tokenizer in `folder`, for a model of this configuration.
void require_match(const TokenDataset& data, const ModelConfig& config, const std::string& folder) {
  const std::string remedy = fmt::format("make the tokens again: tokenize --model {}", folder);
  const TokensInfo& info = data.info();
  if (info.seq_len > config.max_position_embeddings) {
    throw bad_data("{}: samples of up to {} tokens (seq_len), but {} has positions for {}", data.path(), info.seq_len,
                   folder, config.max_position_embeddings)
        .add_remedy(remedy + fmt::format(" --seq-len {}", config.max_position_embeddings));
  }
  const std::optional<TokenizerFingerprint> found = tokenizer_fingerprint_in(folder);
  if (found && info.tokenizer_fingerprint != found->value) {
    throw bad_data("{}: the tokens were made with another tokenizer ({}) than {} ({})", data.path(),
                   info.tokenizer_fingerprint, found->file, found->value)
        .add_remedy(remedy);
  }
  data.require_ids_below(config.vocab_size, folder);
}

void require_same_preparation(const TokenDataset& train, const TokenDataset& valid) {
  const TokensInfo &a = train.info(), &b = valid.info();
  const char* differs = a.tokenizer_fingerprint != b.tokenizer_fingerprint ? "tokenizer"
                        : a.prompt_template != b.prompt_template           ? "prompt template"
                        : a.seq_len != b.seq_len                           ? "seq_len"
                                                                           : nullptr;
  if (differs != nullptr) throw bad_data("{}: was made with another {} than {}", valid.path(), differs, train.path());
}

}  // namespace

RunInputs::RunInputs(const TrainingRunOptions& options, const OptionSet& given)
    : model_folder(options.base.empty() ? folder_of(options.config) : options.base),
      train(options.tokens),
      config(options.base.empty() ? parse_model_config(read_file(options.config), options.config, options.ignored)
                                  : read_model_config(options.base, options.ignored)) {
  train.keep(options.train.samples, options.train.seed);
  require_match(train, config, model_folder);
  config.longest_text = train.info().seq_len;
  if (!options.valid.empty()) {
    valid.emplace(options.valid);
    require_same_preparation(train, *valid);
    valid->require_ids_below(config.vocab_size, model_folder);
  }
  if (!options.full && options.adapter.empty()) lora = options.lora.resolved(config);
  if (!options.adapter.empty()) open_adapter(options, given);
}

void RunInputs::open_adapter(const TrainingRunOptions& options, const OptionSet& given) {
  const AdapterFile file(config, options.adapter);
  lora = options.lora.continued(file.config(), options.adapter, config, given);
  adapter_hash_ = file.hash();
  const auto tokenizer = file.metadata().find("matinee.tokenizer_sha");
  if (tokenizer != file.metadata().end() && tokenizer->second != train.info().tokenizer_fingerprint) {
    throw bad_data("{}: was trained with another tokenizer ({}) than that of {} ({})", options.adapter,
                   tokenizer->second, train.path(), train.info().tokenizer_fingerprint);
  }
}

MemoryPlan RunInputs::memory_plan(const TrainingRunOptions& options, const Context& context) const {
  MemoryPlan plan = memory_to_train(config, options.full ? nullptr : &lora, options.base_format.format(context),
                                    {.max_tokens = Trainer::max_tokens(options.train, train.info()),
                                     .recompute = options.recompute,
                                     .moments_8bit = options.train.adam_bits == 8,
                                     .on_device = !context.allocator()->is_host()});
  if (valid) plan.best_parameters = plan.trained;
  // Five bytes per token, and two copies of the sample order while it is packed.
  plan.tokens = 5 * static_cast<std::uint64_t>(train.n_tokens()) + 16 * static_cast<std::uint64_t>(train.n_samples());
  return plan;
}

RunIdentity RunInputs::identity(const TrainingRunOptions& options, const Context& context,
                                const CheckpointHashes& hashes) const {
  const std::string config_file = options.base.empty() ? options.config : options.base + "/config.json";
  // The configuration in a GGUF file is one among many values.
  const std::string config_text =
      gguf_of_base(options.base) ? model_config_json(config, "float32") : read_file(config_file);
  RunIdentity identity{{{"the hash of config.json", hex(hash64(config_text))}}};
  auto& parts = identity.parts;
  for (const auto& [file, hash] : hashes.of_files()) parts.emplace_back("the hash of " + file, hex(hash));
  parts.emplace_back("the hash of the tokens", hex(train.fingerprint()));
  parts.emplace_back("the hash of the --valid tokens", valid ? hex(valid->fingerprint()) : "not given");
  if (!options.adapter.empty()) parts.emplace_back("the hash of the adapter it starts from", hex(adapter_hash_));
  parts.emplace_back("--full", options.full ? "yes" : "no");
  parts.emplace_back("--base-format", name_of(options.base_format.format(context)));
  for (const auto& part : options.train.identity()) parts.push_back(part);
  if (!options.full) {
    for (const auto& part : identity_of(lora)) parts.push_back(part);
    parts.emplace_back("--loraplus-lr-ratio", fmt::format("{}", options.lora.loraplus_lr_ratio));
  }
  return identity;
}

}  // namespace matinee
