#include "lib/simulation/conversation.h"

#include <algorithm>

#include "lib/io/json_writer.h"
#include "lib/understanding/understand_prompt.h"
#include "lib/wording/wording.h"

namespace matinee {

std::string Exchange::system_text() const {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

Conversation converse(const ConversationWorld& world, const ConversationOptions& options, std::uint64_t index,
                      MovieId target) {
  Conversation conversation;
  conversation.index = index;
  conversation.target = target;
  Random choices(options.seed, "conversation", index);
  conversation.persona =
      options.personas.empty() ? static_cast<Persona>(choices.below(kPersonas)) : choices.pick(options.personas);
  SimulatedUser user(world.facts, world.phrasebook, world.mentions, target, conversation.persona,
                     Random(options.seed, "user", index));
  Random wording(options.seed, "wording", index);
  DialogueState state;
  state.seed = Random(options.seed, "session", index).next_u64();
  SaidSentences sentences;
  std::vector<SystemAct> acts = world.policy.open(state);
  for (int turn = 1;; ++turn) {
    Exchange exchange;
    exchange.known_before = state.preferences;
    for (const SystemAct& act : acts)
      exchange.texts.push_back(word_act(act, state.preferences, world.catalog, world.phrasebook, sentences, wording));
    exchange.acts = std::move(acts);
    if (state.finished) {
      conversation.exchanges.push_back(std::move(exchange));
      return conversation;
    }
    UserTurn said;
    if (turn >= options.max_turns) {
      said.text = world.phrasebook.expand("u.leave", {}, wording);
      said.update.act = UserAct::kLeave;
    } else {
      said = user.respond(exchange.acts);
    }
    exchange.user_text = said.text;
    exchange.marks = world.evidence.find(exchange.acts, said.text);
    exchange.update = said.update;
    exchange.reading = reading_of(said.update, exchange.marks, TurnContext(exchange.acts), world.catalog);
    conversation.accepted = user.satisfied();
    acts = world.policy.next(state, said.update);
    conversation.exchanges.push_back(std::move(exchange));
  }
}

InstructionTuple understand_tuple(std::span<const SystemAct> acts, std::string_view user_text,
                                  std::span<const Mark> marks, const TurnReading& reading) {
  return {std::string("u.") + name_of(reading.act), understand_prompt(acts, user_text, marks),
          to_text(reading, TurnContext(acts).standing >= 0)};
}

std::vector<InstructionTuple> tuples_of(const Conversation& conversation, const MovieCatalog& catalog) {
  std::vector<InstructionTuple> tuples;
  for (const Exchange& exchange : conversation.exchanges) {
    for (std::size_t i = 0; i < exchange.acts.size(); ++i) {
      const SystemAct& act = exchange.acts[i];
      tuples.push_back({name_of(act.kind), act_prompt(act, exchange.known_before, catalog), exchange.texts[i]});
    }
    if (exchange.user_text.empty()) continue;
    const TurnContext context(exchange.acts);
    // What the marks cannot say would teach the model to guess.
    if (update_of(exchange.reading, exchange.marks, context, catalog) != exchange.update) continue;
    tuples.push_back(understand_tuple(exchange.acts, exchange.user_text, exchange.marks, exchange.reading));
  }
  return tuples;
}

std::string tuple_json(const InstructionTuple& tuple) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("instruction", tuple.prompt.instruction).field("input", tuple.prompt.input);
  json.field("output", tuple.output).field("skill", name_of(tuple.prompt.skill)).end_object();
  return out;
}

std::string messages_json(const Conversation& conversation, const MovieCatalog& catalog) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("messages").begin_array();
  const auto message = [&](const char* role, const std::string& text) {
    json.begin_object().field("role", role).field("content", text).end_object();
  };
  // Chat formats begin with a message of the user.
  message("user", "I am looking for a movie.");
  for (const Exchange& exchange : conversation.exchanges) {
    message("assistant", exchange.system_text());
    if (!exchange.user_text.empty()) message("user", exchange.user_text);
  }
  json.end_array().field("target", catalog.tconst(conversation.target)).end_object();
  return out;
}

std::string conversation_json(const Conversation& conversation, const MovieCatalog& catalog) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("index", conversation.index).field("target", catalog.tconst(conversation.target));
  json.field("persona", name_of(conversation.persona)).field("accepted", conversation.accepted);
  json.key("turns").begin_array();
  PreferenceState known;
  for (const Exchange& exchange : conversation.exchanges) {
    json.begin_object().key("system").begin_object().key("acts").begin_array();
    for (const SystemAct& act : exchange.acts) {
      json.begin_object().field("act", name_of(act.kind));
      if (act.kind == SystemActKind::kAsk) json.field("slot", name_of(act.slot));
      if (act.kind == SystemActKind::kAnswer) json.field("fact", name_of(act.fact));
      if (act.movie >= 0) json.field("tconst", catalog.tconst(act.movie));
      if (act.kind == SystemActKind::kRecommend || act.kind == SystemActKind::kList) {
        json.key("candidates").begin_array();
        for (const Candidate& candidate : act.candidates) json.string(catalog.tconst(candidate.movie));
        json.end_array();
      }
      json.end_object();
    }
    json.end_array().field("text", exchange.system_text()).end_object();
    if (!exchange.user_text.empty()) {
      merge(known, exchange.update);
      json.key("user").begin_object().field("text", exchange.user_text);
      json.key("update").raw(to_json(exchange.update, catalog)).end_object();
      json.key("known").raw(to_json(known, catalog));
    }
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace matinee
