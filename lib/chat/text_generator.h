#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/context.h"
#include "lib/chat/language_model.h"
#include "lib/chat/reply_end.h"
#include "lib/constraint/token_constraint.h"
#include "lib/model/sampler.h"
#include "lib/model/token_sequence.h"
#include "lib/prompt/sample_encoder.h"
#include "lib/wording/skill_prompts.h"

namespace matinee {

/// Turns prompts into replies with a shared LanguageModel. Owns what changes from token to token: the sequence and the
/// sampler. For one thread; others make their own over the same model.
class TextGenerator {
 public:
  struct Reply {
    std::string text;
    ReplyEnd end = ReplyEnd::kUnfinished;
    int tokens = 0;
    int passes = 0;  ///< of the model, the prompt's among them: one for each choice
  };

  /// How a reply's tokens are chosen where the language leaves a choice.
  enum class Choice : std::uint8_t {
    kSampled,       ///< by the sampler
    kMostProbable,  ///< always the most probable one
  };

  /// `context` must use the memory that holds the model. Both must outlive this.
  TextGenerator(Context& context, const LanguageModel& model, const SamplerOptions& sampler, std::uint64_t seed);
  /// With a sequence of that model. Replies end as kStopped when it is stopped.
  TextGenerator(std::unique_ptr<TokenSequence> sequence, const LanguageModel& model, const SamplerOptions& sampler,
                std::uint64_t seed);

  /// Samples from now on as a new generator with this seed, so that replies do not depend on earlier ones.
  void reseed(std::uint64_t seed) { sampler_ = Sampler(sampling_, seed); }

  /// Continues the prompt until the end token or `max_tokens`. With `language` a finished reply is a text of that
  /// language. `on_text` gets the reply piece by piece, whole characters only; the reply stops when it returns false.
  Reply reply(const SkillPrompt& prompt, const ByteAutomaton* language, int max_tokens, Choice choice,
              const std::function<bool(std::string_view)>& on_text = {});
  /// Tokens of all replies so far.
  std::int64_t replied_tokens() const { return replied_tokens_; }
  /// How many tokens of `output` are the most probable ones after the prompt and the tokens before them, and how many
  /// tokens there are, the end token included. Fewer where the sequence is stopped.
  std::pair<std::int64_t, std::int64_t> token_accuracy(const SkillPrompt& prompt, std::string_view output);

 private:
  std::vector<std::int32_t> fitted_prompt(const SkillPrompt& prompt, int max_tokens);

  const LanguageModel& model_;
  SampleEncoder encoder_;
  std::unique_ptr<TokenSequence> sequence_;
  SamplerOptions sampling_;
  Sampler sampler_, most_probable_;
  std::int64_t replied_tokens_ = 0;
};

}  // namespace matinee
