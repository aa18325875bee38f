#include "lib/chat/chat_session.h"

#include <utility>

#include "lib/base/random.h"
#include "lib/chat/fact_sheet.h"
#include "lib/io/json_writer.h"

namespace matinee {

ChatSession::ChatSession(const ChatSystem& system, Wording& wording, Understanding& understanding)
    : system_(system), wording_(wording), understanding_(understanding) {
  states_.emplace_back();
}

void ChatSession::restart() {
  states_.assign(1, DialogueState{});
  turns_.clear();
  said_.clear();
}

const ChatTurn& ChatSession::say(ChatTurn turn, DialogueState state, const OnText& on_text) {
  speak(turn, state.preferences, wording_, said_, on_text);
  turn.finished = state.finished;
  states_.push_back(std::move(state));
  turns_.push_back(std::move(turn));
  return turns_.back();
}

const ChatTurn& ChatSession::open(const OnText& on_text, std::string_view command) {
  DialogueState state;
  state.earlier = history_;
  if (seed_ != 0) state.seed = Random(seed_, "conversation", conversations_++).next_u64();
  ChatTurn turn;
  turn.user_text = turn.command = command;
  turn.acts = system_.policy.open(state);
  return say(std::move(turn), std::move(state), on_text);
}

const ChatTurn& ChatSession::answer(std::string_view user_text, const OnText& on_text) {
  if (turns_.empty()) open();
  ChatTurn turn;
  turn.user_text = user_text;
  const ChatTurn& last = turns_.back();
  UnderstoodTurn understood = understanding_.understand(last.acts, user_text);
  if (understood.end == ReplyEnd::kStopped) {
    turn.ends.push_back(ReplyEnd::kStopped);
    turn.texts.emplace_back();
    return unanswered_ = std::move(turn);
  }
  turn.update = std::move(understood.update);
  turn.unfinished += understood.end == ReplyEnd::kUnfinished ? 1 : 0;
  return react(std::move(turn), on_text);
}

const ChatTurn& ChatSession::act(UserAct user_act, const OnText& on_text) {
  ChatTurn turn;
  turn.user_text = turn.command = user_act == UserAct::kWhy ? "/why" : "/more";
  turn.update.act = user_act;
  return react(std::move(turn), on_text);
}

const ChatTurn& ChatSession::react(ChatTurn turn, const OnText& on_text) {
  DialogueState state = states_.back();
  turn.has_update = true;
  state.finished = false;  // what follows a closing goes on from it
  turn.acts = system_.policy.next(state, turn.update);
  return say(std::move(turn), std::move(state), on_text);
}

bool ChatSession::undo() {
  if (turns_.size() < 2) return false;  // the opening stays
  turns_.pop_back();
  states_.pop_back();
  return true;
}

std::vector<std::string> ChatSession::facts() const {
  const MovieId movie = state().under_discussion;
  return movie < 0 ? std::vector<std::string>{} : fact_sheet(system_.catalog, movie);
}

std::string ChatSession::line_json(const ChatTurn& turn, const PreferenceState& preferences) const {
  const MovieCatalog& catalog = system_.catalog;
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("user", turn.user_text);
  if (!turn.command.empty()) json.field("command", turn.command);
  json.key("update").raw(update_json(turn, catalog)).key("acts");
  append_acts(json, turn.acts, catalog);
  json.field("text", turn.text).key("preferences").raw(to_json(preferences, catalog));
  json.field("finished", turn.finished).end_object();
  return out;
}

std::string ChatSession::turn_json(std::size_t index) const {
  return line_json(turns_[index], with_earlier(states_[index + 1]));
}

std::string ChatSession::aside_json(std::string_view user_text, std::string_view command, std::string_view text) const {
  ChatTurn aside;
  aside.user_text = user_text;
  aside.command = command;
  aside.text = text;
  aside.finished = finished();
  return line_json(aside, with_earlier(state()));
}

std::string ChatSession::transcript() const {
  std::string out;
  for (std::size_t i = 0; i < turns_.size(); ++i) out += turn_json(i) + "\n";
  return out;
}

}  // namespace matinee
