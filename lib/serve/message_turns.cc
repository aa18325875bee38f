#include "lib/serve/message_turns.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "lib/base/random.h"
#include "lib/chat/chat_commands.h"

namespace matinee {
namespace {

std::string_view without_margins(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first);
}

// Each text with its length, so that no two lists of texts look alike.
ConversationKey continued(const ConversationKey& key, std::initializer_list<std::string_view> texts) {
  ConversationKey next = key;
  const auto add = [&](std::string_view bytes) {
    next.first = hash64(bytes, next.first);
    next.second = hash64(bytes, next.second);
  };
  for (const std::string_view text : texts) {
    add(std::to_string(text.size()) + ":");
    add(text);
  }
  return next;
}

class MessageReader {
 public:
  MessageTurns read(std::span<const ChatMessage> messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string_view text = without_margins(messages[i].content);
      if (messages[i].role == MessageRole::kUser) {
        finish();
        open_ = MessageTurn{std::string(text), messages[i].edit, i};
        answered_ = false;
      } else if (messages[i].role == MessageRole::kAssistant) {
        hear(text);
      }
    }
    const bool ask_for_more = answered_ && (open_ || turns_.opening);
    if (!answered_) {
      turns_.next = std::exchange(open_, std::nullopt);
    } else {
      finish();
    }
    if (ask_for_more) turns_.next = MessageTurn{"", "", messages.size()};
    return std::move(turns_);
  }

 private:
  void hear(std::string_view text) {
    std::string& heard = open_ ? open_->reply : turns_.opening ? *turns_.opening : turns_.opening.emplace();
    if (!heard.empty() && !text.empty()) heard += ' ';
    heard += text;
    answered_ = true;
  }

  // The turn that is open is over: another one follows.
  void finish() {
    if (!open_) return;
    MessageTurn turn = std::move(*open_);
    open_.reset();
    switch (command_of(turn.user).kind) {
      case ChatCommand::Kind::kUndo:
        if (!turns_.past.empty()) turns_.past.pop_back();
        break;
      case ChatCommand::Kind::kRestart:
        turns_.past.clear();
        turns_.opening = std::move(turn.reply);
        break;
      case ChatCommand::Kind::kAside: break;
      case ChatCommand::Kind::kNone:
      case ChatCommand::Kind::kWhy:
      case ChatCommand::Kind::kMore: turns_.past.push_back(std::move(turn)); break;
    }
  }

  MessageTurns turns_;
  std::optional<MessageTurn> open_;  // the last message of the user, and what follows it
  bool answered_ = true;             // nothing of the user waits for an answer
};

}  // namespace

MessageTurns turns_of(std::span<const ChatMessage> messages) { return MessageReader().read(messages); }

ConversationKey opening_key(const std::optional<std::string>& opening) {
  // Two hashes that start differently.
  const ConversationKey start{hash64("matinee"), hash64("conversation")};
  return opening ? continued(start, {"opening", *opening}) : continued(start, {"no opening"});
}

ConversationKey asked_key(const ConversationKey& before, const MessageTurn& turn) {
  return continued(before, {turn.user, turn.edit});
}

ConversationKey answered_key(const ConversationKey& asked, const std::string& reply) {
  return continued(asked, {reply});
}

}  // namespace matinee
