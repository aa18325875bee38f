#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/chat/chat_system.h"
#include "lib/chat/chat_turn.h"
#include "lib/chat/skills.h"

namespace matinee {

/// A conversation with one user: the policy decides, the wording and the understanding deal with language.
class ChatSession {
 public:
  /// All three must outlive this.
  ChatSession(const ChatSystem& system, Wording& wording, Understanding& understanding);

  /// What earlier sessions tell of the user, for each conversation that open() begins (DialogueState::earlier).
  void set_history(PreferenceState history) { history_ = std::make_shared<const PreferenceState>(std::move(history)); }

  /// Each conversation that open() begins chooses among movies that are nearly as good by another number of this seed;
  /// 0 (the default): always the best.
  void set_seed(std::uint64_t seed) { seed_ = seed; }

  /// Greets and asks the first question. `command`: the command that began the conversation, if one did.
  const ChatTurn& open(const OnText& on_text = {}, std::string_view command = {});
  /// Answers one line of the user. After a closing the conversation goes on with the preferences so far. Where the
  /// understanding was stopped, the turn has no update and one text, empty and kStopped; it is not one of turns(), and
  /// the state stays as it was.
  const ChatTurn& answer(std::string_view user_text, const OnText& on_text = {});
  /// Answers a command that is used in place of a sentence: UserAct::kWhy ("/why") or UserAct::kMore ("/more").
  const ChatTurn& act(UserAct user_act, const OnText& on_text = {});
  /// Takes back the user's last turn, a closing too. Returns false if there is none.
  bool undo();
  /// Forgets the conversation; the history stays.
  void restart();

  /// The fact sheet of the movie under discussion; empty if there is none.
  std::vector<std::string> facts() const;
  const DialogueState& state() const { return states_.back(); }
  const std::vector<ChatTurn>& turns() const { return turns_; }
  bool finished() const { return state().finished; }

  /// The last turn as a line of JSON (docs/formats.md): the user's line, update, acts, text, preferences, finished.
  std::string last_turn_json() const { return turn_json(turns_.size() - 1); }
  /// The same for a line that is no turn: a command that only shows something, or a blank line. `command` may be empty.
  std::string aside_json(std::string_view user_text, std::string_view command, std::string_view text) const;
  /// All turns, a line of JSON each.
  std::string transcript() const;

 private:
  const ChatTurn& say(ChatTurn turn, DialogueState state, const OnText& on_text);
  const ChatTurn& react(ChatTurn turn, const OnText& on_text);
  std::string turn_json(std::size_t index) const;
  std::string line_json(const ChatTurn& turn, const PreferenceState& preferences) const;

  const ChatSystem& system_;
  Wording& wording_;
  Understanding& understanding_;
  std::shared_ptr<const PreferenceState> history_;
  std::uint64_t seed_ = 0, conversations_ = 0;
  std::vector<DialogueState> states_;  // [turns + 1]: before the first turn and after each
  std::vector<ChatTurn> turns_;
  ChatTurn unanswered_;  // the last one that was stopped before it was understood
  SaidSentences said_;   // also in turns that were taken back: the user has read them
};

}  // namespace matinee
