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

/// Samples and prompts as ids. Training and generation share it, so they cannot differ: BOS if the template writes one
/// or the tokenizer adds one, the prompt, the output, the end token. Prompt and output are encoded separately, so no
/// token crosses the boundary between them. Otherwise the ids are those of the whole text: behind a special token the
/// prefix space is added and white space is taken along as the tokenizer does it. Not thread-safe (it keeps a cache):
/// one per thread.
class SampleEncoder {
 public:
  /// `tokenizer` must outlive it. With `special_tokens`, names of special tokens in the texts become their ids; else
  /// they are plain text. Throws as PromptTemplate::end_token_id.
  SampleEncoder(const Tokenizer& tokenizer, PromptTemplate prompt_template, bool special_tokens = false);

  /// The prompt that a model continues.
  std::vector<std::int32_t> prompt(std::string_view instruction, std::string_view input);
  /// `history` ends in a user message.
  std::vector<std::int32_t> prompt(std::span<const Message> history);
  std::int32_t end_token_id() const { return end_token_id_; }
  /// An output's ids, without the end token.
  std::vector<std::int32_t> output(std::string_view text);
  /// Bytes that the ids of every output have before and behind its text: " " and " " in llama2, else mostly "".
  const std::string& output_prefix() const { return output_prefix_; }
  const std::string& output_suffix() const { return output_suffix_; }

  /// Supervised: the output and its end token.
  EncodedSample sample(std::string_view instruction, std::string_view input, std::string_view output);
  /// Supervised: each learned assistant message and its end token. Throws Error(kBadData) where the last message is not
  /// the assistant's, or as PromptTemplate::turns.
  EncodedSample conversation(std::span<const Message> messages);
  /// Running text and EOS (where the tokenizer has one). Supervised: every token but the first. A BOS or EOS that the
  /// text itself holds is not added again.
  EncodedSample text(std::string_view text);

  const PromptTemplate& prompt_template() const { return template_; }

 private:
  // What the next text follows.
  struct Position {
    bool at_start = true;         // nothing but a BOS that the tokenizer adds
    bool after_token = false;     // a special token ...
    bool space_is_taken = false;  // ... that takes white space along
  };

  void add_pieces(const std::vector<PromptPiece>& pieces, EncodedSample& sample);
  void add_turns(std::span<const Message> messages, EncodedSample& sample);
  void add_text(std::string_view text, bool supervised, EncodedSample& sample);
  void add_token(std::int32_t id, bool supervised, EncodedSample& sample);
  // The output and its end token.
  void add_output(std::string_view spelled, bool supervised, EncodedSample& sample);
  Position behind_token(std::int32_t id) const;
  void begin(bool bos, EncodedSample& sample);
  void find_output_margins();

  const Tokenizer& tokenizer_;
  PromptTemplate template_;
  std::int32_t end_token_id_;
  bool special_tokens_;
  std::vector<std::int32_t> taking_space_;  // the special tokens that take the white space behind them along
  Position position_, before_output_;
  std::string output_prefix_, output_suffix_;
  PieceCache cache_;
  std::vector<std::int32_t> scratch_;
};

}  // namespace matinee
