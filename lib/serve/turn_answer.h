#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/chat/chat_commands.h"
#include "lib/chat/chat_turn.h"
#include "lib/serve/chat_conversations.h"
#include "lib/serve/text_limit.h"

namespace matinee {

/// The answer to one request, in one thread.
class TurnAnswer {
 public:
  /// All by reference.
  TurnAnswer(ChatConversations& conversations, const ChatRequest& request, const OnText& on_text,
             const std::function<bool()>& gone);

  Answer run();

 private:
  std::shared_ptr<const ConversationState> state_before();
  std::shared_ptr<const ConversationState> replayed(std::size_t first, ConversationState state);
  void forget(ConversationState& state, std::size_t turns) const;
  void answer_turn(const ConversationState& before);
  void take_turn(ConversationState state);
  void answer_command(const ChatCommand& command, const ConversationState& state);
  void open();
  bool show(std::string_view text);
  void finish_text();
  bool is_gone() const { return left_ || (gone_ && gone_()); }
  std::string matinee_json(const ChatTurn& turn, const ConversationState& after);

  ChatConversations& all_;
  const ChatRequest& request_;
  const OnText& on_text_;
  const std::function<bool()>& gone_;
  const std::uint64_t seed_;
  MessageTurns turns_;
  std::vector<ConversationKey> asked_, answered_;  // [turns]: after the user's message; [turns + 1]: after answers
  TurnSkills skills_;
  TextLimit limit_;
  std::atomic<bool> left_ = false;  // on_text returned false; the decoder asks, too
  std::string matinee_;
};

}  // namespace matinee
