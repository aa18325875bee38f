#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kernels/context.h"
#include "lib/base/options.h"
#include "lib/constraint/token_constraint.h"
#include "lib/dialogue/skill_prompts.h"
#include "lib/model/base_format.h"
#include "lib/model/sampler.h"

namespace matinee {

struct LanguageModelOptions {
  std::string base;                       ///< Hugging Face folder
  std::string adapter;                    ///< PEFT folder; "": the base as it is
  std::string prompt_template = "plain";  ///< for a base without adapter; an adapter names its own
  BaseFormat base_format{"bf16"};
  SamplerOptions sampler;
  std::uint64_t seed = 1, max_host_mem = 0;

  void add(OptionSet& options);
};

/// A base with its adapter (merged in, or beside it where the base is quantized), its tokenizer and its prompt
/// template: what turns a prompt into a reply.
class LanguageModel {
 public:
  /// Throws Error where base and adapter do not fit each other (tokenizer, shapes) or a part is missing or broken.
  /// `context` must outlive this.
  LanguageModel(Context& context, const LanguageModelOptions& options);
  ~LanguageModel();

  struct Reply {
    std::string text;
    bool ended = false;  ///< the end token came, or the language allowed nothing more
    int tokens = 0;
  };
  /// Continues the prompt until the end token or `max_tokens`. With `language` the reply is a text of that language
  /// where `ended`. `on_text` gets the reply piece by piece, whole characters only; where it gives false the reply
  /// stops.
  Reply reply(const SkillPrompt& prompt, const ByteAutomaton* language, int max_tokens,
              const std::function<bool(std::string_view)>& on_text = {});
  /// Mean over the output's tokens of whether each is the likeliest after the true ones before it: (right, tokens).
  std::pair<std::int64_t, std::int64_t> token_accuracy(const SkillPrompt& prompt, std::string_view output);

  /// "base + adapter (plain, bfloat16)", for the start message.
  const std::string& description() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
