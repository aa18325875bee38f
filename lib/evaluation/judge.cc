#include "lib/evaluation/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "lib/base/list_members.h"
#include "lib/chat/chat_session.h"
#include "lib/io/json_writer.h"
#include "lib/simulation/wish_check.h"
#include "lib/understanding/understand_prompt.h"
#include "lib/wording/phrase_language.h"
#include "lib/wording/question_slot.h"
#include "lib/wording/reply_check.h"
#include "lib/wording/wording.h"

namespace matinee {

Judge::Judge(const ChatSystem& system, Examinee examinee)
    : system_(system),
      examinee_(std::move(examinee)),
      understanding_(examinee_.understanding ? *examinee_.understanding : true_meaning_) {}

std::string Judge::realize(const SystemAct& act, const PreferenceState& preferences, SaidSentences& said) {
  WordedAct worded = examinee_.wording->realize(act, preferences, said, {});
  figures_.unfinished += worded.end == ReplyEnd::kUnfinished ? 1 : 0;
  return std::move(worded.text);
}

PreferenceUpdate Judge::understand(const Exchange& exchange) {
  true_meaning_.meant = exchange.update;
  UnderstoodTurn turn = understanding_.understand(exchange.acts, exchange.user_text);
  figures_.unfinished += turn.end == ReplyEnd::kUnfinished ? 1 : 0;
  return std::move(turn.update);
}

void Judge::note_miss(const SkillPrompt& prompt, std::string_view expected, std::string_view got) {
  JsonWriter json(figures_.misses);
  json.begin_object().field("skill", name_of(prompt.skill)).field("instruction", prompt.instruction);
  json.field("input", prompt.input).field("expected", expected).field("got", got).end_object();
  figures_.misses += '\n';
}

bool Judge::is_listed(const SystemAct& act, const PreferenceState& preferences, const std::string& text) const {
  const auto wordings = possible_wordings(act, preferences, system_.catalog);
  return std::any_of(wordings.begin(), wordings.end(),
                     [&](const PhraseRequest& request) { return can_say(system_.phrasebook, request, text); });
}

void Judge::measure_tokens(const SkillPrompt& prompt, std::string_view output) {
  if (examinee_.accuracy_of == nullptr) return;
  const auto [right, all] = examinee_.accuracy_of->token_accuracy(prompt, output);
  figures_.tokens[static_cast<std::size_t>(prompt.skill)].add(Ratio{right, all});
}

void Judge::judge_wording(const SystemAct& act, const PreferenceState& preferences, const std::string& text) {
  ++figures_.replies;
  const ReplyCheck check = check_reply(text, act, preferences, system_.catalog);
  const bool grounded = check.ungrounded.empty();
  figures_.ungrounded += grounded ? 0 : 1;
  if (act.kind == SystemActKind::kAsk)
    figures_.asks_the_slot.add(slot_of_question(text, system_.phrasebook) == act.slot);
  if (act.kind == SystemActKind::kRecommend) {
    const MovieId named = named_candidate(text, act, system_.catalog);
    figures_.recommends_best.add(named == act.movie);
    figures_.recommends_true.add(named >= 0 && grounded && check.complete);
  }
  if (act.kind == SystemActKind::kAnswer)
    figures_.answers_right.add(check.complete && grounded && is_listed(act, preferences, text));
}

void Judge::judge_understanding(std::uint64_t conversation, const Exchange& exchange, const PreferenceUpdate& found) {
  ComparedTurn turn = compare_updates(exchange.update, found, system_.catalog);
  const auto right = static_cast<std::int64_t>(turn.right.size());
  figures_.slots_found.add(Ratio{right, right + static_cast<std::int64_t>(turn.missing.size())});
  figures_.slots_claimed.add(Ratio{right, right + static_cast<std::int64_t>(turn.wrong.size())});
  figures_.acts.add(turn.act_right);
  figures_.exact[static_cast<std::size_t>(Skill::kUnderstand)].add(exchange.update == found);
  turn.source = fmt::format("held-out conversation {}", conversation);
  turn.before = exchange.system_text();
  turn.text = exchange.user_text;
  figures_.compared.push_back(std::move(turn));
}

void Judge::prompt_again(const Conversation& conversation) {
  SaidSentences said;
  for (const Exchange& exchange : conversation.exchanges) {
    for (std::size_t i = 0; i < exchange.acts.size(); ++i) {
      const SystemAct& act = exchange.acts[i];
      const std::string text = realize(act, exchange.known_before, said);
      judge_wording(act, exchange.known_before, text);
      const SkillPrompt prompt = act_prompt(act, exchange.known_before, system_.catalog);
      const bool as_in_data = text == exchange.texts[i] || is_listed(act, exchange.known_before, text);
      figures_.exact[static_cast<std::size_t>(prompt.skill)].add(as_in_data);
      if (!as_in_data) note_miss(prompt, exchange.texts[i], text);
      measure_tokens(prompt, exchange.texts[i]);
    }
    if (exchange.user_text.empty()) continue;
    const PreferenceUpdate found = understand(exchange);
    judge_understanding(conversation.index, exchange, found);
    const SkillPrompt prompt = understand_prompt(exchange.acts, exchange.user_text, exchange.marks);
    if (found != exchange.update)
      note_miss(prompt, to_json(exchange.update, system_.catalog), to_json(found, system_.catalog));
    measure_tokens(prompt, to_text(exchange.reading, TurnContext(exchange.acts).standing >= 0));
  }
}

void Judge::prompt_training(const Conversation& conversation) {
  SaidSentences said;
  for (const Exchange& exchange : conversation.exchanges) {
    for (std::size_t i = 0; i < exchange.acts.size(); ++i) {
      const std::string text = realize(exchange.acts[i], exchange.known_before, said);
      figures_.training_again.add(text == exchange.texts[i] ||
                                  is_listed(exchange.acts[i], exchange.known_before, text));
    }
    if (!exchange.user_text.empty()) figures_.training_again.add(understand(exchange) == exchange.update);
  }
}

void Judge::rank_target(const PreferenceState& preferences, MovieId target) {
  const auto ranked = system_.ranker.rank(preferences, {}, system_.catalog.size());
  const auto at = std::find_if(ranked.begin(), ranked.end(), [&](const Candidate& c) { return c.movie == target; });
  const auto place = at - ranked.begin();
  figures_.hit_1.add(place < 1);
  figures_.hit_10.add(place < 10);
  figures_.hit_50.add(place < 50);
  if (at != ranked.end()) figures_.reciprocal_ranks += 1.0 / static_cast<double>(place + 1);
}

// What the system offers in a turn, and whether it breaks what it has stored of the user without saying so.
void Judge::judge_offers(const ChatTurn& turn, const PreferenceState& preferences) {
  const bool says_so = std::any_of(turn.acts.begin(), turn.acts.end(),
                                   [](const SystemAct& act) { return act.kind == SystemActKind::kRelax; });
  for (std::size_t i = 0; i < turn.texts.size(); ++i) {
    const SystemAct& act = turn.acts[i];
    figures_.sentences.insert(turn.texts[i]);
    if (act.kind != SystemActKind::kRecommend && act.kind != SystemActKind::kList) continue;
    for (const Candidate& candidate : act.candidates) {
      if (act.kind == SystemActKind::kRecommend && candidate.movie != act.movie) continue;
      figures_.offers_broken.add(!says_so && !meets(system_.catalog, preferences, candidate.movie));
      ++figures_.offered[candidate.movie];
    }
  }
}

void Judge::play(SimulatedUser& user, std::int64_t max_turns, UserOfRecord of) {
  ChatSession session(system_, *examinee_.wording, understanding_);
  using Clock = std::chrono::steady_clock;
  PlayedConversation played;
  played.index = of.index;
  played.persona = of.persona;
  const MovieId target = user.target();
  played.target = system_.catalog.display_name(target);
  for (const auto& [slot, value] : slot_values(user.wants(), system_.catalog))
    played.wishes += fmt::format("{}{}: {}", played.wishes.empty() ? "" : "; ", slot, value);
  Clock::time_point asked = Clock::now();
  const ChatTurn* turn = &session.open();
  bool offered = false;
  for (std::int64_t turns = 1;; ++turns) {
    PlayedTurn& record = played.turns.emplace_back();
    record.seconds = std::chrono::duration<double>(Clock::now() - asked).count();
    record.text = turn->text;
    for (const SystemAct& act : turn->acts) record.acts.emplace_back(name_of(act.kind));
    figures_.unfinished += turn->unfinished;
    judge_offers(*turn, session.state().preferences);
    const std::vector<SystemAct> acts = judge_turn(*turn, session.state().preferences);
    const auto is_offer = [](const SystemAct& act) {
      return act.kind == SystemActKind::kRecommend || act.kind == SystemActKind::kList;
    };
    if (!offered && std::any_of(turn->acts.begin(), turn->acts.end(), is_offer)) {
      rank_target(session.state().preferences, target);
      figures_.turns_to_offer += turns - 1;
      offered = true;
    }
    played.closed = turn->finished;
    if (turn->finished || turns >= max_turns) {
      figures_.turns += turns;
      break;
    }
    const UserTurn said = user.respond(acts);
    record.has_answer = true;
    record.leaves = said.update.act == UserAct::kLeave;
    record.answer = compare_updates(said.update, said.update, system_.catalog);
    record.answer.text = said.text;
    if (user.satisfied()) {
      figures_.turns += turns;
      break;
    }
    true_meaning_.meant = said.update;
    asked = Clock::now();
    turn = &session.answer(said.text);
    note_answer(record, acts, said, turn->update, broken_slots(system_.catalog, session.state().preferences, target));
  }
  if (!offered) {
    rank_target(session.state().preferences, target);
    figures_.turns_to_offer += max_turns;
  }
  played.satisfied = user.satisfied();
  figures_.success.add(user.satisfied());
  figures_.played.push_back(std::move(played));
}

// Judges the texts of a turn. Returns the acts as the user reads them.
std::vector<SystemAct> Judge::judge_turn(const ChatTurn& turn, const PreferenceState& preferences) {
  std::vector<SystemAct> acts = turn.acts;
  for (std::size_t i = 0; i < turn.texts.size(); ++i) {
    judge_wording(acts[i], preferences, turn.texts[i]);
    // The user reacts to the title that stands in the text, whatever the policy chose.
    if (acts[i].kind == SystemActKind::kRecommend)
      acts[i].movie = named_candidate(turn.texts[i], acts[i], system_.catalog);
  }
  std::erase_if(acts, [](const SystemAct& act) { return act.kind == SystemActKind::kRecommend && act.movie < 0; });
  return acts;
}

// What was understood of the user's answer to a turn.
void Judge::note_answer(PlayedTurn& record, std::span<const SystemAct> acts, const UserTurn& said,
                        const PreferenceUpdate& found, std::vector<Slot> broken) {
  record.broken = std::move(broken);
  record.understood = found == said.update;
  record.answer = compare_updates(said.update, found, system_.catalog);
  record.answer.text = said.text;
  if (record.understood) return;
  note_miss(understand_prompt(acts, said.text, system_.evidence.find(acts, said.text)),
            to_json(said.update, system_.catalog), to_json(found, system_.catalog));
}

void Judge::play_with_random_movies(SimulatedUser& user, std::int64_t max_turns, Random random) {
  std::vector<SystemAct> acts{{.kind = SystemActKind::kGreet}};
  for (std::int64_t turns = 1; turns < max_turns && !user.satisfied(); ++turns) {
    if (user.respond(acts).update.act == UserAct::kLeave) break;
    const auto movie = static_cast<MovieId>(random.below(static_cast<std::uint64_t>(system_.catalog.size())));
    acts = {{.kind = SystemActKind::kRecommend, .movie = movie}};
    acts[0].candidates = {{movie, 0, {}}};
  }
  figures_.random_success.add(user.satisfied());
}

MovieId named_candidate(std::string_view text, const SystemAct& act, const MovieCatalog& catalog) {
  MovieId found = -1;
  std::size_t length = 0;
  for (const Candidate& candidate : act.candidates) {
    const std::string_view name = catalog.display_name(candidate.movie);
    if (name.size() > length && text.find(name) != std::string_view::npos) {
      found = candidate.movie;
      length = name.size();
    }
  }
  return found;
}

}  // namespace matinee
