#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/chat/chat_system.h"
#include "lib/chat/skills.h"

namespace matinee {

/// What the system did in one turn.
struct ChatTurn {
  std::string user_text;           ///< the user's line; empty for the opening and for commands
  PreferenceUpdate update;         ///< what was understood of it
  std::vector<SystemAct> acts;     ///< the answer
  std::vector<std::string> texts;  ///< one per act; fewer where the user stopped the reply
  std::vector<ReplyEnd> ends;      ///< of the texts; kStopped only for the last
  std::string text;                ///< the texts as the user reads them
  int unfinished = 0;              ///< replies of the model without an end, in understanding and in wording
  bool finished = false;           ///< the conversation is over
};

/// A conversation with one user: the policy decides, the wording and the understanding deal with language.
class ChatSession {
 public:
  /// All three must outlive this.
  ChatSession(const ChatSystem& system, Wording& wording, Understanding& understanding);

  /// Greets and asks the first question.
  const ChatTurn& open(const OnText& on_text = {});
  /// Answers one line of the user. After the closing the next line begins a new conversation.
  const ChatTurn& answer(std::string_view user_text, const OnText& on_text = {});
  /// Answers a command that is used in place of a sentence ("/why", "/more"). Must not be called after the closing.
  const ChatTurn& act(UserAct user_act, const OnText& on_text = {});
  /// Takes back the user's last turn. Returns false if there is none.
  bool undo();
  void restart();

  /// The fact sheet of the movie under discussion; empty if there is none.
  std::vector<std::string> facts() const;
  const DialogueState& state() const { return states_.back(); }
  const std::vector<ChatTurn>& turns() const { return turns_; }
  bool finished() const { return state().finished; }

  /// The last turn as a line of JSON: the user's line, acts, text, update and preferences.
  std::string last_turn_json() const { return turn_json(turns_.size() - 1); }
  /// All turns, a line of JSON each.
  std::string transcript() const;

 private:
  const ChatTurn& say(ChatTurn turn, DialogueState state, const OnText& on_text);
  const ChatTurn& react(ChatTurn turn, const OnText& on_text);
  std::string turn_json(std::size_t index) const;

  const ChatSystem& system_;
  Wording& wording_;
  Understanding& understanding_;
  std::vector<DialogueState> states_;  // [turns + 1]: before the first turn and after each
  std::vector<ChatTurn> turns_;
};

}  // namespace matinee
