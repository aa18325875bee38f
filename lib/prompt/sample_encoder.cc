#include "lib/prompt/sample_encoder.h"

#include "lib/base/format_error.h"

namespace matinee {

void EncodedSample::append(std::span<const std::int32_t> ids, bool supervised) {
  input_ids.insert(input_ids.end(), ids.begin(), ids.end());
  loss_mask.insert(loss_mask.end(), ids.size(), supervised ? 1 : 0);
}

SampleEncoder::SampleEncoder(const Tokenizer& tokenizer, PromptTemplate prompt_template)
    : tokenizer_(tokenizer), template_(std::move(prompt_template)), end_token_id_(template_.end_token_id(tokenizer)) {}

void SampleEncoder::add(std::string_view text, EncodeOptions options, bool supervised, EncodedSample& sample) {
  scratch_.clear();
  tokenizer_.encode(text, options, cache_, scratch_);
  sample.append(scratch_, supervised);
}

void SampleEncoder::begin(EncodedSample& sample) {
  if (!tokenizer_.adds_bos()) return;
  const std::int32_t bos = tokenizer_.bos_token_id();
  sample.append({&bos, 1}, false);
}

void SampleEncoder::add_pieces(const std::vector<PromptPiece>& pieces, EncodedSample& sample) {
  for (const PromptPiece& piece : pieces) {
    // Only the very first text of a sample begins a document.
    const bool first = sample.input_ids.size() <= (tokenizer_.adds_bos() ? 1u : 0u);
    add(piece.text, {.parse_special = piece.special, .at_start = first}, false, sample);
  }
}

std::vector<std::int32_t> SampleEncoder::prompt(std::string_view instruction, std::string_view input) {
  EncodedSample sample;
  begin(sample);
  add_pieces(template_.prompt(instruction, input), sample);
  return std::move(sample.input_ids);
}

void SampleEncoder::add_turns(std::span<const Message> messages, EncodedSample& sample) {
  begin(sample);
  bool after_reply = false;
  for (const PromptTurn& turn : template_.turns(messages)) {
    if (after_reply) add(template_.after_reply(), {.at_start = false}, false, sample);
    add_pieces(turn.prompt, sample);
    after_reply = turn.has_reply;
    if (!turn.has_reply) continue;
    add(turn.reply, {.at_start = false}, true, sample);
    sample.append({&end_token_id_, 1}, true);
  }
}

std::vector<std::int32_t> SampleEncoder::prompt(std::span<const Message> history) {
  if (history.empty() || history.back().role != "user") throw bad_data("the last message must be the user's");
  EncodedSample sample;
  add_turns(history, sample);
  return std::move(sample.input_ids);
}

std::vector<std::int32_t> SampleEncoder::output(std::string_view text) {
  EncodedSample sample;
  add(text, {.at_start = false}, true, sample);
  return std::move(sample.input_ids);
}

EncodedSample SampleEncoder::sample(std::string_view instruction, std::string_view input, std::string_view output) {
  EncodedSample sample;
  begin(sample);
  add_pieces(template_.prompt(instruction, input), sample);
  add(output, {.at_start = false}, true, sample);
  sample.append({&end_token_id_, 1}, true);
  return sample;
}

EncodedSample SampleEncoder::conversation(std::span<const Message> messages) {
  if (messages.empty() || messages.back().role != "assistant")
    throw bad_data("messages: the last one must be the assistant's, or there is nothing to learn after it");
  EncodedSample sample;
  add_turns(messages, sample);
  return sample;
}

EncodedSample SampleEncoder::text(std::string_view text) {
  EncodedSample sample;
  begin(sample);
  add(text, {.at_start = true}, true, sample);
  const std::int32_t eos = tokenizer_.eos_token_id();
  if (eos >= 0) sample.append({&eos, 1}, true);
  if (!sample.loss_mask.empty()) sample.loss_mask.front() = 0;
  return sample;
}

}  // namespace matinee
