#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kernels/context.h"
#include "lib/base/options.h"
#include "lib/constraint/token_constraint.h"
#include "lib/model/base_format.h"
#include "lib/model/loaded_model.h"
#include "lib/model/sampler.h"
#include "lib/model/unread_fields.h"
#include "lib/prompt/prompt_template.h"

namespace matinee {

struct LanguageModelOptions {
  std::string base;     ///< a folder, or a GGUF file
  std::string adapter;  ///< PEFT folder; "": the base without an adapter
  /// Of a base without an adapter, or with one whose metadata name none; "auto": the adapter's or the base's own.
  std::string prompt_template = "plain";
  IgnoredFields ignored;  ///< of config.json
  BaseFormat base_format{"bf16"};
  SamplerOptions sampler{.temperature = 1};  ///< of the words of replies
  std::uint64_t seed = 1, max_host_mem = 0;
  int slots = 0;  ///< of a SharedDecoder that max_host_mem must have room for; 0: none
  std::function<void(std::string_view)> note = [](std::string_view) {};  ///< gets a sentence on what "auto" takes
  BeginProgress progress = silent_progress;                              ///< shows how the base is loaded

  void add(OptionSet& options);
};

/// Everything that replies share: the model with its adapter, its tokenizer, the trie of its tokens and the prompt
/// template. Read-only, so TextGenerators on any threads share one.
class LanguageModel {
 public:
  /// Loads with `context`; max_host_mem must have room for `generators` TextGenerators too. Throws Error where base
  /// and adapter do not fit each other (tokenizer, shapes) or a part is missing or broken.
  LanguageModel(Context& context, const LanguageModelOptions& options, int generators = 1);
  LanguageModel(const LanguageModel&) = delete;
  LanguageModel& operator=(const LanguageModel&) = delete;

  const LoadedModel& model() const { return model_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  const TokenTrie& token_trie() const { return trie_; }
  /// What an unconstrained reply may consist of; the model's table may have more rows.
  const TokenMask& all_tokens() const { return all_tokens_; }
  const PromptTemplate& prompt_template() const { return template_; }
  /// "base + adapter (plain prompts, bfloat16)", for the start message.
  const std::string& description() const { return description_; }
  /// The same without folders and formats, "mini + adapter": a server shows it to its clients.
  const std::string& name() const { return name_; }
  /// How the adapter's file differs from PEFT's, for the user; "": it does not.
  const std::string& adapter_note() const { return model_.adapter_note(); }

 private:
  LanguageModel(Context& context, ModelConfig config, const LanguageModelOptions& options, int generators);

  Tokenizer tokenizer_;
  PromptTemplate template_;
  LoadedModel model_;
  TokenTrie trie_;
  TokenMask all_tokens_;
  std::string description_, name_;
};

}  // namespace matinee
