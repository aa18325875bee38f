#include "lib/chat/chat_session.h"

#include <unordered_set>
#include <utility>

#include "lib/base/random.h"
#include "lib/chat/fact_sheet.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

void erase_all(std::vector<MovieId>& movies, const std::vector<MovieId>& unwanted) {
  if (unwanted.empty()) return;
  const std::unordered_set<MovieId> set(unwanted.begin(), unwanted.end());
  std::erase_if(movies, [&](MovieId movie) { return set.contains(movie); });
}

// The preferences without the movies of earlier sessions.
PreferenceState of_this_session(PreferenceState preferences, const PreferenceState& history) {
  erase_all(preferences.liked, history.liked);
  erase_all(preferences.disliked, history.disliked);
  erase_all(preferences.seen, history.seen);
  return preferences;
}

// Adds the movies of earlier sessions that the preferences lack: to begin anew does not make them unseen.
void keep_history(PreferenceState& preferences, const PreferenceState& history) {
  std::unordered_set<MovieId> known;
  for (const auto* list : {&preferences.liked, &preferences.disliked, &preferences.seen})
    known.insert(list->begin(), list->end());
  const auto keep = [&](std::vector<MovieId>& movies, const std::vector<MovieId>& earlier) {
    for (const MovieId movie : earlier) {
      if (!known.contains(movie)) movies.push_back(movie);
    }
  };
  keep(preferences.liked, history.liked);
  keep(preferences.disliked, history.disliked);
  keep(preferences.seen, history.seen);
}

}  // namespace

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
  const PreferenceState preferences = of_this_session(state.preferences, history_);
  for (const SystemAct& act : turn.acts) {
    // Also asks whether to go on: the user may have stopped the turn while it was understood.
    const char* gap = turn.texts.empty() ? "" : " ";
    if (on_text && !on_text(gap)) break;
    turn.text += gap;
    WordedAct worded = wording_.realize(act, preferences, said_, on_text);
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

const ChatTurn& ChatSession::open(const OnText& on_text, std::string_view command) {
  DialogueState state;
  state.preferences = history_;
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
  keep_history(state.preferences, history_);
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
  json.key("update").raw(turn.has_update ? to_json(turn.update, catalog) : "{}");
  json.key("acts").begin_array();
  for (const SystemAct& act : turn.acts) {
    json.begin_object().field("act", name_of(act.kind));
    if (act.kind == SystemActKind::kAsk) json.field("slot", name_of(act.slot));
    if (act.kind == SystemActKind::kAnswer) json.field("fact", name_of(act.fact));
    if (act.movie >= 0) json.field("tconst", catalog.tconst(act.movie)).field("movie", catalog.display_name(act.movie));
    json.end_object();
  }
  json.end_array().field("text", turn.text).key("preferences").raw(to_json(preferences, catalog));
  json.field("finished", turn.finished).end_object();
  return out;
}

std::string ChatSession::turn_json(std::size_t index) const {
  return line_json(turns_[index], states_[index + 1].preferences);
}

std::string ChatSession::aside_json(std::string_view user_text, std::string_view command, std::string_view text) const {
  ChatTurn aside;
  aside.user_text = user_text;
  aside.command = command;
  aside.text = text;
  aside.finished = finished();
  return line_json(aside, state().preferences);
}

std::string ChatSession::transcript() const {
  std::string out;
  for (std::size_t i = 0; i < turns_.size(); ++i) out += turn_json(i) + "\n";
  return out;
}

}  // namespace matinee
