#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// A stretch of a prompt. Only `special` pieces become special tokens; users' text never does.
struct PromptPiece {
  std::string text;
  bool special = false;
};

/// One turn of a conversation: role "system", "user" or "assistant".
struct Message {
  std::string role;
  std::string content;
};

/// An exchange: what comes before the assistant's message, and the message where there is one.
struct PromptTurn {
  std::vector<PromptPiece> prompt;
  std::string reply;
  bool has_reply = false;
};

/// How an instruction and its input become the text that a model continues. The name is stored in the tokens and in
/// the adapter; generation must use the same template. Each user message is an instruction; a system message becomes
/// the instruction of the first turn and the user's its input (in chatml, a turn of its own).
///   plain   "### INSTRUCTION\nINPUT\n###\n"; the input line is left out where there is none. For small models.
///   alpaca  Stanford Alpaca's text, with and without input (github.com/tatsu-lab/stanford_alpaca, train.py).
///   chatml  <|im_start|>user\nINSTRUCTION\nINPUT<|im_end|>\n<|im_start|>assistant\n, the marks as special tokens.
class PromptTemplate {
 public:
  /// Throws Error(kUsage) for a name that is not in names().
  explicit PromptTemplate(std::string_view name);
  static std::vector<std::string> names();

  const std::string& name() const { return name_; }
  /// Several exchanges in one sample (plain, chatml).
  bool multi_turn() const;

  /// What comes before the output.
  std::vector<PromptPiece> prompt(std::string_view instruction, std::string_view input) const;
  /// A conversation as turns. Throws Error(kBadData) "messages[2]: ..." for an unknown role, roles out of turn, or a
  /// conversation that the template cannot hold.
  std::vector<PromptTurn> turns(std::span<const Message> messages) const;
  /// The text between the end token of a reply and the next turn ("\n" in chatml).
  std::string_view after_reply() const;

  /// The id that ends an output: <|im_end|> in chatml, else the tokenizer's EOS. Throws Error(kBadData) where the
  /// tokenizer has none: marks are never spelled out as text, since a user could write them too.
  std::int32_t end_token_id(const Tokenizer& tokenizer) const;

 private:
  enum class Kind : std::uint8_t { kPlain, kAlpaca, kChatml };
  std::vector<PromptPiece> turn(std::string_view system, std::string_view user, bool has_system) const;

  std::string name_;
  Kind kind_;
};

}  // namespace matinee
