#include "lib/chat/chat_session.h"

#include <utility>

#include "lib/base/format_error.h"
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
}

const ChatTurn& ChatSession::say(ChatTurn turn, DialogueState state, const OnText& on_text) {
  for (const SystemAct& act : turn.acts) {
    if (!turn.text.empty()) {
      turn.text += ' ';
      if (on_text) on_text(" ");
    }
    WordedAct worded = wording_.realize(act, state.preferences, on_text);
    turn.text += worded.text;
    turn.texts.push_back(std::move(worded.text));
    turn.ends.push_back(worded.end);
    turn.unfinished += worded.end == ReplyEnd::kUnfinished ? 1 : 0;
    if (worded.end == ReplyEnd::kStopped) break;
  }
  turn.finished = state.finished;
  states_.push_back(std::move(state));
  turns_.push_back(std::move(turn));
  return turns_.back();
}

const ChatTurn& ChatSession::open(const OnText& on_text) {
  DialogueState state;
  ChatTurn turn;
  turn.acts = system_.policy.open(state);
  return say(std::move(turn), std::move(state), on_text);
}

const ChatTurn& ChatSession::answer(std::string_view user_text, const OnText& on_text) {
  if (turns_.empty() || finished()) {
    restart();
    open();
  }
  ChatTurn turn;
  turn.user_text = user_text;
  UnderstoodTurn understood = understanding_.understand(turns_.back().acts, turns_.back().texts.back(), user_text);
  turn.update = std::move(understood.update);
  turn.unfinished += understood.end == ReplyEnd::kUnfinished ? 1 : 0;
  return react(std::move(turn), on_text);
}

const ChatTurn& ChatSession::act(UserAct user_act, const OnText& on_text) {
  if (finished()) throw internal_error("ChatSession::act() after the closing");
  ChatTurn turn;
  turn.update.act = user_act;
  return react(std::move(turn), on_text);
}

const ChatTurn& ChatSession::react(ChatTurn turn, const OnText& on_text) {
  DialogueState state = states_.back();
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

std::string ChatSession::turn_json(std::size_t index) const {
  const ChatTurn& turn = turns_[index];
  const MovieCatalog& catalog = system_.catalog;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (!turn.user_text.empty()) json.field("user", turn.user_text).key("update").raw(to_json(turn.update, catalog));
  json.key("acts").begin_array();
  for (const SystemAct& act : turn.acts) {
    json.begin_object().field("act", name_of(act.kind));
    if (act.kind == SystemActKind::kAsk) json.field("slot", name_of(act.slot));
    if (act.kind == SystemActKind::kAnswer) json.field("fact", name_of(act.fact));
    if (act.movie >= 0) json.field("tconst", catalog.tconst(act.movie)).field("movie", catalog.display_name(act.movie));
    json.end_object();
  }
  json.end_array().field("text", turn.text).key("preferences").raw(to_json(states_[index + 1].preferences, catalog));
  json.field("finished", turn.finished).end_object();
  return out;
}

std::string ChatSession::transcript() const {
  std::string out;
  for (std::size_t i = 0; i < turns_.size(); ++i) out += turn_json(i) + "\n";
  return out;
}

}  // namespace matinee
