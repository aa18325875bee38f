#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/chat/chat_system.h"
#include "lib/chat/skills.h"
#include "lib/serve/conversation_state.h"
#include "lib/serve/message_turns.h"
#include "lib/serve/shown_answer.h"

namespace matinee {

/// What a turn of the user says.
struct ReadTurn {
  PreferenceUpdate update;
  ReplyEnd end = ReplyEnd::kFinished;  ///< of the model's reading; kStopped: the client is gone
};

/// Rebuilds the state of a conversation from its messages: each turn of the user is understood again, and the state
/// takes from the answer's text what was offered and asked. So a conversation goes on in the same way whoever wrote its
/// answers. Thread-safe; `understanding` is one thread's.
class ConversationReader {
 public:
  /// `system` must outlive this.
  explicit ConversationReader(const ChatSystem& system) : system_(system), answers_(system) {}

  /// After the opening, which may be one of ours, another text, or missing.
  ConversationState open(const std::optional<std::string>& opening) const;

  /// Replaces the preferences by those of the turn's edit, if it has one. Throws RequestError(400) with the place.
  void edit(PreferenceState& preferences, const MessageTurn& turn) const;

  /// What the turn says. A command and a turn without words need no model.
  ReadTurn understand(const ConversationState& state, const MessageTurn& turn, Understanding& understanding) const;

  /// Moves on by a turn whose answer is a text of unknown origin.
  void follow(ConversationState& state, const PreferenceUpdate& update, const std::string& reply) const;
  /// The same where what the text shows is known.
  void follow(ConversationState& state, const PreferenceUpdate& update, const std::string& reply,
              const ShownTurn& shown) const;

 private:
  const ChatSystem& system_;
  AnswerText answers_;
};

}  // namespace matinee
