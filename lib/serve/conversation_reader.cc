#include "lib/serve/conversation_reader.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/error.h"
#include "lib/chat/chat_commands.h"
#include "lib/io/json_reader.h"
#include "lib/serve/request_error.h"

namespace matinee {
namespace {

// The act of a turn that needs no understanding.
std::optional<UserAct> plain_act(const MessageTurn& turn) {
  if (turn.user.empty()) return UserAct::kMore;
  switch (command_of(turn.user).kind) {
    case ChatCommand::Kind::kWhy: return UserAct::kWhy;
    case ChatCommand::Kind::kMore: return UserAct::kMore;
    default: return {};
  }
}

// The error about the edit at `place`, of a message such as "preferences: genres[0]: ...".
RequestError edit_error(const std::string& place, std::string_view message) {
  std::string param = place;
  std::string_view rest = message;
  for (std::size_t end = rest.find(": "); end != std::string_view::npos; end = rest.find(": ")) {
    const std::string_view path = rest.substr(0, end);
    if (path.find(' ') != std::string_view::npos) break;
    param += fmt::format(".{}", path);
    rest.remove_prefix(end + 2);
  }
  return {400, fmt::format("{}: {}", param, rest), param};
}

}  // namespace

ConversationState ConversationReader::open(const std::optional<std::string>& opening) const {
  ConversationState state;
  if (!opening) {
    // The user's first words still answer an opening: the model was trained on no other beginning.
    DialogueState unsaid;
    state.acts = system_.policy.open(unsaid);
    return state;
  }
  const ShownTurn shown = answers_.read(*opening, {}, state.dialogue);
  state.acts = system_.policy.open(state.dialogue, &shown);
  state.said.add(*opening);
  return state;
}

void ConversationReader::edit(PreferenceState& preferences, const MessageTurn& turn) const {
  if (turn.edit.empty()) return;
  const std::string place = fmt::format("messages[{}].matinee", turn.place);
  try {
    JsonReader reader;
    const JsonNode root = reader.parse(turn.edit);
    if (!root.is_object()) throw root.unexpected("an object");
    if (!root.has("preferences")) return;
    const JsonNode wanted = root["preferences"];
    if (!wanted.is_object()) throw wanted.unexpected("an object");
    preferences = parse_preference_state(wanted.text(), system_.catalog);
  } catch (const Error& error) {
    throw edit_error(place, error.what());
  }
}

ReadTurn ConversationReader::understand(const ConversationState& state, const MessageTurn& turn,
                                        Understanding& understanding) const {
  ReadTurn read;
  if (const auto act = plain_act(turn)) {
    read.update.act = *act;
    return read;
  }
  UnderstoodTurn understood = understanding.understand(state.acts, turn.user);
  return {std::move(understood.update), understood.end};
}

void ConversationReader::follow(ConversationState& state, const PreferenceUpdate& update,
                                const std::string& reply) const {
  DialogueState trial = state.dialogue;
  const ShownTurn nothing;
  const std::vector<SystemAct> acts = system_.policy.next(trial, update, &nothing);
  follow(state, update, reply, reply.empty() ? nothing : answers_.read(reply, acts, trial));
}

void ConversationReader::follow(ConversationState& state, const PreferenceUpdate& update, const std::string& reply,
                                const ShownTurn& shown) const {
  std::vector<SystemAct> acts = system_.policy.next(state.dialogue, update, &shown);
  if (reply.empty()) return;  // the user answers what was said before
  state.acts = std::move(acts);
  state.said.add(reply);
}

}  // namespace matinee
