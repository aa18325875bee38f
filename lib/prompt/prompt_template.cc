#include "lib/prompt/prompt_template.h"

#include <algorithm>

#include "lib/base/format_error.h"
#include "lib/prompt/template_pattern.h"

namespace matinee {

using Part = PatternPart::Kind;
using Piece = PromptPiece::Kind;

/// The messages of one turn.
struct PromptTemplate::Texts {
  std::string_view system{}, user{};
  bool has_system = false;
};

PromptTemplate::PromptTemplate(std::string_view name) : row_(find_template_row(name)) {
  if (row_ == nullptr) throw usage_error("unknown prompt template \"{}\"; there are {}", name, template_names());
}

std::vector<std::string> PromptTemplate::names() {
  std::vector<std::string> names;
  for (const TemplateRow& row : template_rows()) names.emplace_back(row.name);
  return names;
}

void PromptTemplate::add(std::string_view pattern, const Texts& texts, std::vector<PromptPiece>& pieces) const {
  for (const PatternPart& part : pattern_parts(pattern, row_->marks)) {
    switch (part.kind) {
      case Part::kMark: pieces.push_back({std::string(part.text), Piece::kMark}); continue;
      case Part::kBos: pieces.push_back({"", Piece::kBos}); continue;
      case Part::kEos: pieces.push_back({"", Piece::kEos}); continue;
      case Part::kText:
      case Part::kMessage: break;
    }
    const std::string_view text =
        part.kind == Part::kText ? part.text : trimmed(part.text == "system" ? texts.system : texts.user, part.trim);
    if (!pieces.empty() && pieces.back().kind == Piece::kText) {
      pieces.back().text += text;
    } else if (!text.empty()) {
      pieces.push_back({std::string(text), Piece::kText});
    }
  }
}

std::vector<PromptPiece> PromptTemplate::turn(const Texts& texts, bool first) const {
  std::vector<PromptPiece> pieces;
  Texts shown = texts;
  if (first && !texts.has_system && row_->default_system != nullptr) {
    shown.system = row_->default_system;
    shown.has_system = true;
  }
  add(first ? row_->begin : row_->after_reply, shown, pieces);
  if (shown.has_system) add(row_->system, shown, pieces);
  add(shown.has_system && row_->system.empty() ? row_->first_user : row_->user, shown, pieces);
  add(row_->opener, shown, pieces);
  return pieces;
}

std::vector<PromptPiece> PromptTemplate::prompt(std::string_view instruction, std::string_view input) const {
  if (input.empty()) return turn({.user = instruction}, true);
  if (row_->instruction_is_system) return turn({.system = instruction, .user = input, .has_system = true}, true);
  const std::string both = std::string(instruction).append("\n").append(input);
  return turn({.user = both}, true);
}

std::string PromptTemplate::reply(std::string_view text) const {
  std::string spelled;
  for (const PatternPart& part : pattern_parts(row_->reply, {}))
    spelled += part.kind == Part::kMessage ? trimmed(text, part.trim) : part.text;
  return spelled;
}

bool PromptTemplate::writes_bos() const {
  return row_->begin.find("{bos}") != std::string_view::npos || row_->user.find("{bos}") != std::string_view::npos;
}

std::vector<PromptTurn> PromptTemplate::turns(std::span<const Message> messages) const {
  std::vector<PromptTurn> turns;
  Texts texts;
  const Message* user = nullptr;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.role == "system") {
      if (i > 0) throw bad_data("messages[{}]: a system message must be the first", i);
      texts.system = message.content;
      texts.has_system = true;
    } else if (message.role == "user") {
      if (user != nullptr) throw bad_data("messages[{}]: two user messages without an assistant's between", i);
      if (!turns.empty() && !row_->several_exchanges)
        throw bad_data("messages[{}]: the template {} holds one exchange; --template chatml or plain holds several", i,
                       row_->name);
      user = &message;
      texts.user = message.content;
      turns.push_back({turn(texts, turns.empty()), {}, false});
      texts = {};
    } else if (message.role == "assistant") {
      if (user == nullptr) throw bad_data("messages[{}]: an assistant message without a user's before it", i);
      turns.back().reply = reply(message.content);
      turns.back().has_reply = true;
      user = nullptr;
    } else {
      throw bad_data("messages[{}].role: expected system, user or assistant, found \"{}\"", i, message.role);
    }
  }
  return turns;
}

std::int32_t PromptTemplate::end_token_id(const Tokenizer& tokenizer) const {
  for (const std::string_view mark : row_->marks) {
    const std::int32_t id = tokenizer.token_id(mark);
    if (id >= 0 && tokenizer.is_special(id)) continue;
    Error error = bad_data("the tokenizer has no special token {}, which the template {} needs", mark, row_->name);
    error.add_remedy("use --template plain or alpaca");
    throw error;
  }
  if (!row_->end.empty()) return tokenizer.token_id(row_->end);
  if (tokenizer.eos_token_id() < 0) {
    Error error =
        bad_data("the tokenizer names no end-of-sequence token, and the template {} ends replies with it", row_->name);
    error.add_remedy("put \"eos_token\" into tokenizer_config.json beside tokenizer.json");
    throw error;
  }
  return tokenizer.eos_token_id();
}

}  // namespace matinee
