#include "lib/chat/chat_turn.h"

#include <utility>

namespace matinee {

void speak(ChatTurn& turn, const PreferenceState& preferences, Wording& wording, SaidSentences& said,
           const OnText& on_text) {
  for (const SystemAct& act : turn.acts) {
    // Also asks whether to go on: the user may have stopped the turn while it was understood.
    const char* gap = turn.texts.empty() ? "" : " ";
    if (on_text && !on_text(gap)) break;
    turn.text += gap;
    WordedAct worded = wording.realize(act, preferences, said, on_text);
    turn.text += worded.text;
    turn.texts.push_back(std::move(worded.text));
    turn.ends.push_back(worded.end);
    turn.unfinished += worded.end == ReplyEnd::kUnfinished ? 1 : 0;
    if (worded.end == ReplyEnd::kStopped) break;
  }
}

std::string update_json(const ChatTurn& turn, const MovieCatalog& catalog) {
  return turn.has_update ? to_json(turn.update, catalog) : "{}";
}

void append_acts(JsonWriter& json, const std::vector<SystemAct>& acts, const MovieCatalog& catalog) {
  json.begin_array();
  for (const SystemAct& act : acts) {
    json.begin_object().field("act", name_of(act.kind));
    if (act.kind == SystemActKind::kAsk) json.field("slot", name_of(act.slot));
    if (act.kind == SystemActKind::kAnswer) json.field("fact", name_of(act.fact));
    if (act.movie >= 0) json.field("tconst", catalog.tconst(act.movie)).field("movie", catalog.display_name(act.movie));
    json.end_object();
  }
  json.end_array();
}

}  // namespace matinee
