#include "lib/chat/text_generator.h"

#include <optional>
#include <utility>

#include "lib/base/error.h"
#include "lib/chat/reply_margins.h"
#include "lib/constraint/margin_language.h"
#include "lib/model/decoder_session.h"
#include "lib/tokenizer/stream_decoder.h"

namespace matinee {
namespace {

// Finishes a sequence at the end of a reply, whatever ends it.
class FinishedSequence {
 public:
  explicit FinishedSequence(TokenSequence& sequence) : sequence_(sequence) {}
  ~FinishedSequence() { sequence_.finish(); }
  FinishedSequence(const FinishedSequence&) = delete;
  FinishedSequence& operator=(const FinishedSequence&) = delete;

 private:
  TokenSequence& sequence_;
};

}  // namespace

TextGenerator::TextGenerator(Context& context, const LanguageModel& model, const SamplerOptions& sampler,
                             std::uint64_t seed)
    : TextGenerator(std::unique_ptr<TokenSequence>(new DecoderSession(model.model().session(context))), model, sampler,
                    seed) {}

TextGenerator::TextGenerator(std::unique_ptr<TokenSequence> sequence, const LanguageModel& model,
                             const SamplerOptions& sampler, std::uint64_t seed)
    : model_(model),
      encoder_(model.tokenizer(), model.prompt_template()),
      sequence_(std::move(sequence)),
      sampling_(sampler),
      sampler_(sampler, seed),
      most_probable_({}, seed) {}

// A prompt that leaves no room for a reply loses its middle: the instruction comes first, the latest turns last.
std::vector<std::int32_t> TextGenerator::fitted_prompt(const SkillPrompt& prompt, int max_tokens) {
  std::vector<std::int32_t> ids = encoder_.prompt(prompt.instruction, prompt.input);
  const auto room = static_cast<std::size_t>(std::max<std::int64_t>(sequence_->max_tokens() - max_tokens - 1, 16));
  if (ids.size() > room)
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(room / 2),
              ids.end() - static_cast<std::ptrdiff_t>(room - room / 2));
  return ids;
}

TextGenerator::Reply TextGenerator::reply(const SkillPrompt& prompt, const ByteAutomaton* language, int max_tokens,
                                          Choice choice, const std::function<bool(std::string_view)>& on_text) {
  Reply reply;
  const FinishedSequence finished(*sequence_);
  Sampler& sampler = choice == Choice::kSampled ? sampler_ : most_probable_;
  std::optional<MarginLanguage> with_margins;
  if (language != nullptr && !(encoder_.output_prefix().empty() && encoder_.output_suffix().empty()))
    language = &with_margins.emplace(*language, encoder_.output_prefix(), encoder_.output_suffix());
  ReplyMargins margins(encoder_.output_prefix(), encoder_.output_suffix());
  std::optional<TokenConstraint> constraint;
  if (language != nullptr) constraint.emplace(model_.token_trie(), *language, encoder_.end_token_id());
  StreamDecoder stream(model_.tokenizer(), {.at_start = encoder_.output_prefix().empty()});
  // Tokens that the model has not seen yet: the prompt; then a chosen token and what must follow it.
  std::vector<std::int32_t> unseen = fitted_prompt(prompt, max_tokens);
  std::int64_t seen = 0;
  const auto take = [&](std::int32_t id) {
    unseen.push_back(id);
    ++reply.tokens;
    if (constraint) constraint->accept(id);
    if (id == encoder_.end_token_id()) {
      reply.end = ReplyEnd::kFinished;
      return;
    }
    const std::string piece = margins.push(stream.push(id));
    reply.text += piece;
    if (on_text && !piece.empty() && !on_text(piece)) reply.end = ReplyEnd::kStopped;
  };
  const auto goes_on = [&] {
    return reply.end == ReplyEnd::kUnfinished && reply.tokens < max_tokens &&
           seen + static_cast<std::int64_t>(unseen.size()) < sequence_->max_tokens();
  };
  for (;;) {
    // Tokens that the language leaves no choice about are not sampled, and the model sees them only if another choice
    // follows, all at once.
    if (constraint) {
      for (const std::int32_t id : constraint->forced_run())
        if (goes_on()) take(id);
    }
    if (!goes_on()) break;
    const TokenMask* mask = &model_.all_tokens();
    try {
      if (constraint) mask = &constraint->mask();
    } catch (const Error& error) {
      // The vocabulary cannot spell any continuation: the reply stays without an end, which the caller handles.
      if (error.code() != ErrorCode::kBadData) throw;
      break;
    }
    const std::span<const float> logits = seen == 0 ? sequence_->restart(unseen) : sequence_->append(unseen);
    if (logits.empty()) {
      reply.end = ReplyEnd::kStopped;
      break;
    }
    ++reply.passes;
    seen = sequence_->length();
    unseen.clear();
    take(sampler.choose(logits, mask->words()));
  }
  reply.text += margins.push(stream.finish());
  replied_tokens_ += reply.tokens;
  return reply;
}

std::pair<std::int64_t, std::int64_t> TextGenerator::token_accuracy(const SkillPrompt& prompt,
                                                                    std::string_view output) {
  const FinishedSequence finished(*sequence_);
  std::vector<std::int32_t> expected = encoder_.output(output);
  expected.push_back(encoder_.end_token_id());
  std::span<const float> logits = sequence_->restart(fitted_prompt(prompt, static_cast<int>(expected.size())));
  std::int64_t right = 0, seen = 0;
  for (std::size_t i = 0; i < expected.size() && !logits.empty(); ++i, ++seen) {
    right += most_probable_.choose(logits, model_.all_tokens().words()) == expected[i] ? 1 : 0;
    if (i + 1 < expected.size()) logits = sequence_->append(std::span(expected).subspan(i, 1));
  }
  return {right, seen};
}

}  // namespace matinee
