#include "lib/serve/turn_answer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "lib/base/list_members.h"
#include "lib/base/random.h"
#include "lib/chat/fact_sheet.h"
#include "lib/serve/movie_card.h"

namespace matinee {
namespace {

constexpr std::int32_t kAlike = 3;  // movies on a card

}  // namespace

TurnAnswer::TurnAnswer(ChatConversations& conversations, const ChatRequest& request, const OnText& on_text,
                       const std::function<bool()>& gone)
    : all_(conversations),
      request_(request),
      on_text_(on_text),
      gone_(gone),
      seed_(request.seed.value_or(conversations.options_.seed)),
      turns_(turns_of(request.messages)),
      limit_(conversations.tokenizer_, request.max_tokens, request.stop) {
  answered_.push_back(opening_key(turns_.opening));
  for (const MessageTurn& turn : turns_.past) {
    asked_.push_back(asked_key(answered_.back(), turn));
    answered_.push_back(answered_key(asked_.back(), turn.reply));
  }
}

Answer TurnAnswer::run() {
  if (!turns_.next) {
    open();
  } else {
    asked_.push_back(asked_key(answered_.back(), *turns_.next));
    skills_ = all_.skills_(Random(seed_, "turn", asked_.back().first).next_u64(), [this] { return is_gone(); });
    if (const auto before = state_before()) answer_turn(*before);
  }
  Answer answer;
  answer.text = limit_.shown();
  answer.finish = is_gone() ? Finish::kGone : limit_.reason();
  const auto tokens = [&](std::string_view text) {
    return static_cast<std::int64_t>(all_.tokenizer_.encode(text).size());
  };
  for (const ChatMessage& message : request_.messages) answer.prompt_tokens += tokens(message.content);
  answer.completion_tokens = tokens(answer.text);
  answer.matinee = std::move(matinee_);
  return answer;
}

// Gives out a piece; false: nothing more is wanted.
bool TurnAnswer::show(std::string_view text) {
  const std::string visible = limit_.push(text);
  if (on_text_ && !visible.empty() && !on_text_(visible)) left_ = true;
  return !limit_.reached() && !is_gone();
}

void TurnAnswer::finish_text() {
  const std::string rest = limit_.finish();
  if (on_text_ && !rest.empty() && !is_gone() && !on_text_(rest)) left_ = true;
}

void TurnAnswer::open() {
  const std::string text = all_.opening(seed_);
  show(text);
  finish_text();
  const ConversationState state = all_.reader_.open(std::string(limit_.shown()));
  ChatTurn turn;
  matinee_ = matinee_json(turn, state);
}

// The state in which the user speaks; null if the client is gone.
std::shared_ptr<const ConversationState> TurnAnswer::state_before() {
  const std::size_t turns = turns_.past.size();
  const std::size_t first = turns - std::min(turns, all_.options_.longest_replay);
  for (std::size_t i = turns + 1; i-- > first;) {
    auto known = all_.cache_.find(answered_[i]);
    if (known == nullptr) continue;
    return i == turns ? known : replayed(i, *known);
  }
  ConversationState state = all_.reader_.open(turns_.opening);
  forget(state, first);
  return replayed(first, std::move(state));
}

// A conversation too long to be understood again: of its beginning only what was offered is known.
void TurnAnswer::forget(ConversationState& state, std::size_t turns) const {
  PreferenceUpdate nothing;
  nothing.act = UserAct::kOther;
  for (std::size_t i = 0; i < turns; ++i) all_.reader_.follow(state, nothing, turns_.past[i].reply);
  state.forgotten = turns;
}

// Goes on from the state after `first` turns.
std::shared_ptr<const ConversationState> TurnAnswer::replayed(std::size_t first, ConversationState state) {
  auto last = std::make_shared<const ConversationState>(state);
  for (std::size_t i = first; i < turns_.past.size(); ++i) {
    const MessageTurn& turn = turns_.past[i];
    if (all_.history_) state.dialogue.earlier = all_.history_->before_turn(request_.conversation, asked_);
    all_.reader_.edit(state.dialogue.preferences, turn);
    const ReadTurn read = all_.reader_.understand(state, turn, *skills_.understanding);
    if (read.end == ReplyEnd::kStopped || is_gone()) return nullptr;
    all_.reader_.follow(state, read.update, turn.reply);
    state.dialogue.earlier = nullptr;
    last = std::make_shared<const ConversationState>(state);
    all_.cache_.insert(answered_[i + 1], last);
  }
  return last;
}

void TurnAnswer::answer_turn(const ConversationState& before) {
  const ChatCommand command = command_of(turns_.next->user);
  switch (command.kind) {
    case ChatCommand::Kind::kRestart: return open();
    case ChatCommand::Kind::kUndo:
    case ChatCommand::Kind::kAside: return answer_command(command, before);
    case ChatCommand::Kind::kNone:
    case ChatCommand::Kind::kWhy:
    case ChatCommand::Kind::kMore: return take_turn(before);
  }
}

void TurnAnswer::take_turn(ConversationState state) {
  const MessageTurn& next = *turns_.next;
  if (all_.history_) {
    state.dialogue.earlier = all_.history_->before_turn(request_.conversation, asked_);
    all_.history_->keep_latest(state.dialogue.preferences);
  }
  all_.reader_.edit(state.dialogue.preferences, next);
  ReadTurn read = all_.reader_.understand(state, next, *skills_.understanding);
  if (read.end == ReplyEnd::kStopped || is_gone()) {
    left_ = true;
    return;
  }
  const PreferenceState told = state.dialogue.preferences;
  ChatTurn turn;
  turn.update = std::move(read.update);
  turn.has_update = true;
  DialogueState planned = state.dialogue;
  planned.seed = Random(seed_, "offers", asked_.back().second).next_u64();
  turn.acts = all_.system_.policy.next(planned, turn.update);
  SaidSentences said = state.said;
  speak(turn, planned.preferences, *skills_.wording, said, [this](std::string_view text) { return show(text); });
  finish_text();
  if (is_gone()) return;
  // An answer that a limit has cut is followed as the text that the client has.
  const std::string text(limit_.shown());
  if (limit_.reached()) {
    all_.reader_.follow(state, turn.update, text);
  } else {
    all_.reader_.follow(state, turn.update, text, shown_by(turn.acts));
  }
  matinee_ = matinee_json(turn, state);
  if (all_.history_) all_.history_->after_turn(request_.conversation, asked_, told, state.dialogue.preferences);
  state.dialogue.earlier = nullptr;
  all_.cache_.insert(answered_key(asked_.back(), text), std::make_shared<const ConversationState>(std::move(state)));
}

// Commands that are no turn: the state stays as it is, or goes one turn back.
void TurnAnswer::answer_command(const ChatCommand& command, const ConversationState& state) {
  std::vector<std::string> lines;
  if (command.kind == ChatCommand::Kind::kUndo) {
    const bool any = !turns_.past.empty();
    lines = {any ? kTookBack : kNothingToTakeBack};
    if (turns_.past.size() > 1) lines.back() += turns_.past[turns_.past.size() - 2].reply;
    if (turns_.past.size() == 1) lines.back() += turns_.opening.value_or("");
  } else if (command.word == "/facts") {
    const MovieId movie = state.dialogue.under_discussion;
    lines = movie < 0 ? std::vector<std::string>{kNoMovieYet} : fact_sheet(all_.system_.catalog, movie);
  } else if (command.word == "/help") {
    lines = help_lines(false);
  } else {
    lines = {unknown_command(command.word)};
  }
  show(fmt::format("{}", fmt::join(lines, "\n")));
  finish_text();
  ChatTurn aside;
  ConversationState after = state;
  after.acts.clear();
  matinee_ = matinee_json(aside, after);
}

std::string TurnAnswer::matinee_json(const ChatTurn& turn, const ConversationState& after) {
  const MovieCatalog& catalog = all_.system_.catalog;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("update").raw(update_json(turn, catalog)).key("acts");
  append_acts(json, after.acts, catalog);
  json.key("preferences").raw(to_json(after.dialogue.preferences, catalog)).key("films").begin_array();
  for (const SystemAct& act : after.acts) {
    for (const Candidate& candidate : act.candidates) {
      if (!offers(act, candidate.movie)) continue;
      append_card(json,
                  {.movie = candidate.movie,
                   .reasons = candidate.reasons,
                   .verdict = all_.verdict(candidate.movie, after.dialogue.preferences),
                   .like = all_.system_.ranker.alike(candidate.movie, kAlike)},
                  catalog);
    }
  }
  json.end_array().field("finished", after.dialogue.finished);
  if (after.forgotten > 0) json.field("forgotten", after.forgotten);
  json.end_object();
  return out;
}

}  // namespace matinee
