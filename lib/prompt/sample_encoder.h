#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/prompt/prompt_template.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// Ids of one training sample; loss_mask[i] is 1 where input_ids[i] is a supervised target.
struct EncodedSample {
  std::vector<std::int32_t> input_ids;
  std::vector<std::uint8_t> loss_mask;

  void append(std::span<const std::int32_t> ids, bool supervised);
};

/// Samples and prompts as ids. Training and generation share it, so they cannot differ: BOS if the tokenizer
/// adds one, the prompt, the output, the end token. Prompt and output are encoded separately, so no token crosses the
/// boundary between them. Not thread-safe (it keeps a cache): one per thread.
class SampleEncoder {
 public:
  /// `tokenizer` must outlive it. Throws as PromptTemplate::end_token_id.
  SampleEncoder(const Tokenizer& tokenizer, PromptTemplate prompt_template);

  /// The prompt that a model continues.
  std::vector<std::int32_t> prompt(std::string_view instruction, std::string_view input);
  /// `history` ends in a user message.
  std::vector<std::int32_t> prompt(std::span<const Message> history);
  std::int32_t end_token_id() const { return end_token_id_; }
  /// An output's ids, without the end token.
  std::vector<std::int32_t> output(std::string_view text);

  /// Supervised: the output and its end token.
  EncodedSample sample(std::string_view instruction, std::string_view input, std::string_view output);
  /// Supervised: each assistant message and its end token. Throws Error(kBadData) where the last message is not
  /// the assistant's, or as PromptTemplate::turns.
  EncodedSample conversation(std::span<const Message> messages);
  /// Running text and EOS (where the tokenizer has one). Supervised: every token but the first.
  EncodedSample text(std::string_view text);

  const PromptTemplate& prompt_template() const { return template_; }

 private:
  void add_pieces(const std::vector<PromptPiece>& pieces, EncodedSample& sample);
  void add_turns(std::span<const Message> messages, EncodedSample& sample);
  void add(std::string_view text, EncodeOptions options, bool supervised, EncodedSample& sample);
  void begin(EncodedSample& sample);

  const Tokenizer& tokenizer_;
  PromptTemplate template_;
  std::int32_t end_token_id_;
  PieceCache cache_;
  std::vector<std::int32_t> scratch_;
};

}  // namespace matinee
