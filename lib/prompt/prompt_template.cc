#include "lib/prompt/prompt_template.h"

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::string_view kStart = "<|im_start|>";
constexpr std::string_view kEnd = "<|im_end|>";

// stanford_alpaca, train.py, PROMPT_DICT; word for word.
constexpr std::string_view kAlpacaWithInput =
    "Below is an instruction that describes a task, paired with an input that provides further context. "
    "Write a response that appropriately completes the request.\n\n";
constexpr std::string_view kAlpacaWithoutInput =
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request.\n\n";

void add_text(std::vector<PromptPiece>& pieces, std::string_view text) {
  if (!pieces.empty() && !pieces.back().special) {
    pieces.back().text += text;
  } else if (!text.empty()) {
    pieces.push_back({std::string(text), false});
  }
}

void add_mark(std::vector<PromptPiece>& pieces, std::string_view mark) { pieces.push_back({std::string(mark), true}); }

}  // namespace

PromptTemplate::PromptTemplate(std::string_view name) : name_(name) {
  if (name == "plain") {
    kind_ = Kind::kPlain;
  } else if (name == "alpaca") {
    kind_ = Kind::kAlpaca;
  } else if (name == "chatml") {
    kind_ = Kind::kChatml;
  } else {
    throw usage_error("unknown prompt template \"{}\"; there are plain, alpaca and chatml", name);
  }
}

std::vector<std::string> PromptTemplate::names() { return {"plain", "alpaca", "chatml"}; }

bool PromptTemplate::multi_turn() const { return kind_ != Kind::kAlpaca; }

std::vector<PromptPiece> PromptTemplate::prompt(std::string_view instruction, std::string_view input) const {
  std::vector<PromptPiece> pieces;
  switch (kind_) {
    case Kind::kPlain:
      add_text(pieces, "### ");
      add_text(pieces, instruction);
      add_text(pieces, "\n");
      if (!input.empty()) {
        add_text(pieces, input);
        add_text(pieces, "\n");
      }
      add_text(pieces, "###\n");
      break;
    case Kind::kAlpaca:
      add_text(pieces, input.empty() ? kAlpacaWithoutInput : kAlpacaWithInput);
      add_text(pieces, "### Instruction:\n");
      add_text(pieces, instruction);
      if (!input.empty()) {
        add_text(pieces, "\n\n### Input:\n");
        add_text(pieces, input);
      }
      add_text(pieces, "\n\n### Response:");
      break;
    case Kind::kChatml:
      add_mark(pieces, kStart);
      add_text(pieces, "user\n");
      add_text(pieces, instruction);
      if (!input.empty()) {
        add_text(pieces, "\n");
        add_text(pieces, input);
      }
      add_mark(pieces, kEnd);
      add_text(pieces, "\n");
      add_mark(pieces, kStart);
      add_text(pieces, "assistant\n");
      break;
  }
  return pieces;
}

std::vector<PromptPiece> PromptTemplate::turn(std::string_view system, std::string_view user, bool has_system) const {
  if (!has_system) return prompt(user, "");
  if (kind_ != Kind::kChatml) return prompt(system, user);
  std::vector<PromptPiece> pieces;
  add_mark(pieces, kStart);
  add_text(pieces, "system\n");
  add_text(pieces, system);
  add_mark(pieces, kEnd);
  add_text(pieces, "\n");
  for (PromptPiece& piece : prompt(user, "")) {
    if (piece.special) {
      pieces.push_back(std::move(piece));
    } else {
      add_text(pieces, piece.text);
    }
  }
  return pieces;
}

std::vector<PromptTurn> PromptTemplate::turns(std::span<const Message> messages) const {
  std::vector<PromptTurn> turns;
  std::string_view system;
  bool has_system = false;
  const Message* user = nullptr;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i];
    if (message.role == "system") {
      if (i > 0) throw bad_data("messages[{}]: a system message must be the first", i);
      system = message.content;
      has_system = true;
    } else if (message.role == "user") {
      if (user != nullptr) throw bad_data("messages[{}]: two user messages without an assistant's between", i);
      if (!turns.empty() && !multi_turn())
        throw bad_data("messages[{}]: the template {} holds one exchange; --template chatml or plain holds several", i,
                       name_);
      user = &message;
      turns.push_back({turn(system, message.content, has_system), {}, false});
      has_system = false;
    } else if (message.role == "assistant") {
      if (user == nullptr) throw bad_data("messages[{}]: an assistant message without a user's before it", i);
      turns.back().reply = message.content;
      turns.back().has_reply = true;
      user = nullptr;
    } else {
      throw bad_data("messages[{}].role: expected system, user or assistant, found \"{}\"", i, message.role);
    }
  }
  return turns;
}

std::string_view PromptTemplate::after_reply() const { return kind_ == Kind::kChatml ? "\n" : ""; }

std::int32_t PromptTemplate::end_token_id(const Tokenizer& tokenizer) const {
  if (kind_ != Kind::kChatml) {
    if (tokenizer.eos_token_id() < 0) {
      Error error =
          bad_data("the tokenizer names no end-of-sequence token, and the template {} ends replies with it", name_);
      error.add_remedy("put \"eos_token\" into tokenizer_config.json beside tokenizer.json");
      throw error;
    }
    return tokenizer.eos_token_id();
  }
  for (const std::string_view mark : {kStart, kEnd}) {
    const std::int32_t id = tokenizer.token_id(mark);
    if (id >= 0 && tokenizer.is_special(id)) continue;
    Error error = bad_data("the tokenizer has no special token {}, which the template chatml needs", mark);
    error.add_remedy("use --template plain or alpaca");
    throw error;
  }
  return tokenizer.token_id(kEnd);
}

}  // namespace matinee
