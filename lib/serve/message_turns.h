#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/serve/chat_request.h"

namespace matinee {

/// A turn of the user in a request, with the answer that it got. All texts are without white space at their ends.
struct MessageTurn {
  std::string user;
  std::string edit;       ///< as ChatMessage::edit
  std::size_t place = 0;  ///< of the user's message in the request
  std::string reply{};    ///< "" where no answer followed
};

/// The messages of a request as turns.
struct MessageTurns {
  std::optional<std::string> opening;  ///< what the assistant said before the user's first message
  std::vector<MessageTurn> past;       ///< turns that were answered, oldest first
  std::optional<MessageTurn> next;     ///< the turn to answer; nothing: the conversation is to be opened
};

/// Ignores messages of the system. Messages of the assistant in a row are one answer. A message of the user that no
/// answer follows was answered by nothing. If the assistant's message comes last, the next turn is one without words.
/// Commands that change the conversation itself (chat_commands.h) take effect here: "/undo" takes back the turn before
/// it, "/restart" everything before it, each with its own answer. Other commands that make no turn are left out.
/// As the next turn all commands stay.
MessageTurns turns_of(std::span<const ChatMessage> messages);

/// Identifies a conversation up to a point: a hash of all texts so far.
struct ConversationKey {
  std::uint64_t first = 0, second = 0;
  friend bool operator==(const ConversationKey&, const ConversationKey&) = default;
};

/// The key of a conversation that begins with this opening.
ConversationKey opening_key(const std::optional<std::string>& opening);
/// The key after the user's message of a turn, and after its answer.
ConversationKey asked_key(const ConversationKey& before, const MessageTurn& turn);
ConversationKey answered_key(const ConversationKey& asked, const std::string& reply);

}  // namespace matinee
