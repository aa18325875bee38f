#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/chat/skills.h"
#include "lib/dialogue/policy.h"

namespace matinee {

/// What the system did in one turn.
struct ChatTurn {
  std::string user_text;    ///< what it answers; empty for the opening
  PreferenceUpdate update;  ///< how that was understood
  std::vector<SystemAct> acts;
  std::vector<std::string> texts;  ///< of each act
  std::string text;                ///< all of them, as the user reads it
  bool finished = false;
};

/// A conversation with a person (or a simulated one): the policy decides, the skills understand and word. Commands
/// beside the conversation: undo, restart, facts, why, more.
class ChatSession {
 public:
  ChatSession(const MovieCatalog& catalog, const Policy& policy, Skills& skills);

  /// Greets and asks the first question.
  const ChatTurn& open(const OnText& on_text = {});
  /// Takes one line of the user. After the closing the next line begins a new conversation.
  const ChatTurn& answer(std::string_view user_text, const OnText& on_text = {});
  /// As if the user had done this, without words ("/why", "/more").
  const ChatTurn& act(const PreferenceUpdate& update, const OnText& on_text = {});
  /// Takes back the last turn of the user; false where there is none.
  bool undo();
  void restart();

  /// Facts of the movie under discussion, a line each; empty where there is none.
  std::vector<std::string> facts() const;
  const DialogueState& state() const { return states_.back(); }
  const std::vector<ChatTurn>& turns() const { return turns_; }
  bool finished() const { return states_.back().finished; }

  /// The session as JSON lines that `restore` understands: the user's lines and what was made of them.
  std::string transcript() const;

 private:
  const ChatTurn& say(ChatTurn turn, DialogueState state, const OnText& on_text);

  const MovieCatalog& catalog_;
  const Policy& policy_;
  Skills& skills_;
  std::vector<DialogueState> states_;  // after each turn
  std::vector<ChatTurn> turns_;
};

/// One line of JSON for a turn: acts, text, update and preferences ("--json").
std::string turn_json(const ChatTurn& turn, const DialogueState& state, const MovieCatalog& catalog);

}  // namespace matinee
