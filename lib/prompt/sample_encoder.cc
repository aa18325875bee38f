#include "lib/prompt/sample_encoder.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/text/unicode.h"

namespace matinee {

void EncodedSample::append(std::span<const std::int32_t> ids, bool supervised) {
  input_ids.insert(input_ids.end(), ids.begin(), ids.end());
  loss_mask.insert(loss_mask.end(), ids.size(), supervised ? 1 : 0);
}

SampleEncoder::SampleEncoder(const Tokenizer& tokenizer, PromptTemplate prompt_template, bool special_tokens)
    : tokenizer_(tokenizer),
      template_(prompt_template),
      end_token_id_(template_.end_token_id(tokenizer)),
      special_tokens_(special_tokens) {
  std::vector<std::int32_t> used{tokenizer.bos_token_id(), tokenizer.eos_token_id()};
  for (const std::string_view mark : template_.row().marks) used.push_back(tokenizer.token_id(mark));
  for (const std::int32_t id : used)
    if (tokenizer.takes_space_behind(id)) taking_space_.push_back(id);
  find_output_margins();
}

void SampleEncoder::find_output_margins() {
  EncodedSample prompt;
  begin(!template_.writes_bos(), prompt);
  add_pieces(template_.prompt("x", ""), prompt);
  before_output_ = position_;
  std::string bytes;
  for (const std::int32_t id : output("x")) bytes += tokenizer_.token_bytes(id);
  const std::size_t at = bytes.find('x');
  if (at == std::string::npos) return;
  output_prefix_ = bytes.substr(0, at);
  output_suffix_ = bytes.substr(at + 1);
}

void SampleEncoder::add_text(std::string_view text, bool supervised, EncodedSample& sample) {
  if (position_.space_is_taken) {
    for (std::size_t after = 0; !text.empty(); text.remove_prefix(after))
      if (character_class_at(text, 0, after) != CharacterClass::kSpace) break;
  }
  if (text.empty()) return;
  scratch_.clear();
  tokenizer_.encode(
      text, {.parse_special = special_tokens_, .at_start = position_.at_start, .after_token = position_.after_token},
      cache_, scratch_);
  sample.append(scratch_, supervised);
  position_ = {.at_start = false};
  if (special_tokens_ && !scratch_.empty() && tokenizer_.is_special(scratch_.back()))
    position_ = behind_token(scratch_.back());
}

SampleEncoder::Position SampleEncoder::behind_token(std::int32_t id) const {
  const bool takes = std::find(taking_space_.begin(), taking_space_.end(), id) != taking_space_.end();
  return {.at_start = false, .after_token = true, .space_is_taken = takes};
}

void SampleEncoder::add_token(std::int32_t id, bool supervised, EncodedSample& sample) {
  sample.append({&id, 1}, supervised);
  position_ = behind_token(id);
}

void SampleEncoder::begin(bool bos, EncodedSample& sample) {
  const std::int32_t id = tokenizer_.bos_token_id();
  if (bos && tokenizer_.adds_bos()) sample.append({&id, 1}, false);
  position_ = {};
}

void SampleEncoder::add_pieces(const std::vector<PromptPiece>& pieces, EncodedSample& sample) {
  using Kind = PromptPiece::Kind;
  for (const PromptPiece& piece : pieces) {
    if (piece.kind == Kind::kText) {
      add_text(piece.text, false, sample);
    } else if (piece.kind == Kind::kMark) {
      add_token(tokenizer_.token_id(piece.text), false, sample);
    } else if (const std::int32_t id = piece.kind == Kind::kBos ? tokenizer_.bos_token_id() : tokenizer_.eos_token_id();
               id >= 0) {
      add_token(id, false, sample);
    }
  }
}

void SampleEncoder::add_output(std::string_view spelled, bool supervised, EncodedSample& sample) {
  add_text(spelled, supervised, sample);
  add_token(end_token_id_, supervised, sample);
}

std::vector<std::int32_t> SampleEncoder::prompt(std::string_view instruction, std::string_view input) {
  EncodedSample sample;
  begin(!template_.writes_bos(), sample);
  add_pieces(template_.prompt(instruction, input), sample);
  return std::move(sample.input_ids);
}

void SampleEncoder::add_turns(std::span<const Message> messages, EncodedSample& sample) {
  begin(!template_.writes_bos(), sample);
  auto message = messages.begin();  // turns hold the assistant's messages in their order
  for (const PromptTurn& turn : template_.turns(messages)) {
    add_pieces(turn.prompt, sample);
    if (!turn.has_reply) continue;
    message = std::find_if(message, messages.end(), [](const Message& m) { return m.role == "assistant"; });
    add_output(turn.reply, (message++)->learned, sample);
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
  position_ = before_output_;
  add_text(template_.reply(text), true, sample);
  return std::move(sample.input_ids);
}

EncodedSample SampleEncoder::sample(std::string_view instruction, std::string_view input, std::string_view output) {
  EncodedSample sample;
  begin(!template_.writes_bos(), sample);
  add_pieces(template_.prompt(instruction, input), sample);
  add_output(template_.reply(output), true, sample);
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
  begin(false, sample);
  add_text(text, true, sample);
  const std::int32_t bos = tokenizer_.bos_token_id(), eos = tokenizer_.eos_token_id();
  if (tokenizer_.adds_bos() && (sample.input_ids.empty() || sample.input_ids.front() != bos)) {
    sample.input_ids.insert(sample.input_ids.begin(), bos);
    sample.loss_mask.insert(sample.loss_mask.begin(), 0);
  }
  if (eos >= 0 && (sample.input_ids.size() < 2 || sample.input_ids.back() != eos)) sample.append({&eos, 1}, true);
  if (!sample.loss_mask.empty()) sample.loss_mask.front() = 0;
  return sample;
}

}  // namespace matinee
