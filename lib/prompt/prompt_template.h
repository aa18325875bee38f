#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/prompt/template_rows.h"
#include "lib/tokenizer/tokenizer.h"

namespace matinee {

/// A stretch of a prompt. Only pieces other than text become special tokens; users' text never does.
struct PromptPiece {
  enum class Kind : std::uint8_t {
    kText,
    kMark,  ///< the special token spelled `text`
    kBos,   ///< the tokenizer's BOS, where it has one
    kEos,   ///< the tokenizer's EOS
  };
  std::string text;
  Kind kind = Kind::kText;
};

/// One turn of a conversation: role "system", "user" or "assistant".
struct Message {
  std::string role;
  std::string content;
  bool learned = true;  ///< of the assistant's: a target of training
};

/// An exchange: what comes before the assistant's message, and the message where there is one. Behind another exchange
/// the prompt begins with what follows the end token of a reply ("\n" in chatml).
struct PromptTurn {
  std::vector<PromptPiece> prompt;
  std::string reply;  ///< as the template spells it, without its end token
  bool has_reply = false;
};

/// How a conversation, or an instruction and its input, becomes the text that a model continues. The name is stored in
/// the tokens and in the adapter; generation must use the same template. Each is a row of template_rows.h. Each user
/// message is an instruction. A system message is a turn of its own, or it begins the first user turn (plain and
/// alpaca: it is the instruction, and the user's message its input).
class PromptTemplate {
 public:
  /// Throws Error(kUsage) for a name that is not in names().
  explicit PromptTemplate(std::string_view name);
  static std::vector<std::string> names();

  std::string name() const { return std::string(row_->name); }
  const TemplateRow& row() const { return *row_; }

  /// What comes before the output.
  std::vector<PromptPiece> prompt(std::string_view instruction, std::string_view input) const;
  /// A conversation as turns. Throws Error(kBadData) "messages[2]: ..." for an unknown role, roles out of turn, or a
  /// conversation that the template cannot hold.
  std::vector<PromptTurn> turns(std::span<const Message> messages) const;
  /// An output as the template spells it, without its end token.
  std::string reply(std::string_view text) const;
  /// Whether prompts have BOS as a piece; else they begin as the tokenizer's texts do.
  bool writes_bos() const;

  /// The id that ends an output: the row's mark, else the tokenizer's EOS. Throws Error(kBadData) where the tokenizer
  /// lacks it or another mark of the row: marks are never spelled out as text, since a user could write them too.
  std::int32_t end_token_id(const Tokenizer& tokenizer) const;

 private:
  struct Texts;
  void add(std::string_view pattern, const Texts& texts, std::vector<PromptPiece>& pieces) const;
  std::vector<PromptPiece> turn(const Texts& texts, bool first) const;

  const TemplateRow* row_;
};

}  // namespace matinee
