#include "lib/chat/chat_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/dialogue/movie_facts.h"
#include "lib/io/json_writer.h"

namespace matinee {

ChatSession::ChatSession(const MovieCatalog& catalog, const Policy& policy, Skills& skills)
    : catalog_(catalog), policy_(policy), skills_(skills) {
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
    turn.texts.push_back(skills_.realize(act, state.preferences, on_text));
    turn.text += turn.texts.back();
  }
  turn.finished = state.finished;
  states_.push_back(std::move(state));
  turns_.push_back(std::move(turn));
  return turns_.back();
}

const ChatTurn& ChatSession::open(const OnText& on_text) {
  DialogueState state;
  ChatTurn turn;
  turn.acts = policy_.open(state);
  return say(std::move(turn), std::move(state), on_text);
}

const ChatTurn& ChatSession::answer(std::string_view user_text, const OnText& on_text) {
  if (turns_.empty() || finished()) {
    restart();
    open();
  }
  ChatTurn turn;
  turn.user_text = user_text;
  turn.update = skills_.understand(turns_.back().acts, turns_.back().texts.back(), user_text);
  DialogueState state = states_.back();
  turn.acts = policy_.next(state, turn.update);
  return say(std::move(turn), std::move(state), on_text);
}

const ChatTurn& ChatSession::act(const PreferenceUpdate& update, const OnText& on_text) {
  ChatTurn turn;
  turn.update = update;
  DialogueState state = states_.back();
  turn.acts = policy_.next(state, update);
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
  std::vector<std::string> lines;
  if (movie < 0) return lines;
  lines.emplace_back(catalog_.display_name(movie));
  for (int i = 0; i < kFacts; ++i) {
    const auto fact = static_cast<Fact>(i);
    const auto text = fact_text(catalog_, movie, fact);
    const char* unit = fact == Fact::kRuntime ? " minutes" : fact == Fact::kRating ? " of 10" : "";
    lines.push_back(fmt::format("{}: {}", name_of(fact), text ? *text + unit : "not known"));
  }
  return lines;
}

std::string turn_json(const ChatTurn& turn, const DialogueState& state, const MovieCatalog& catalog) {
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
  json.end_array().field("text", turn.text).key("preferences").raw(to_json(state.preferences, catalog));
  json.field("finished", turn.finished).end_object();
  return out;
}

std::string ChatSession::transcript() const {
  std::string out;
  for (std::size_t i = 0; i < turns_.size(); ++i) out += turn_json(turns_[i], states_[i + 1], catalog_) + "\n";
  return out;
}

}  // namespace matinee
