#include "lib/simulation/simulated_user.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/dialogue/movie_facts.h"
#include "lib/simulation/wish_check.h"

namespace matinee {
namespace {

NameStyle style_of(Persona persona) {
  return {persona == Persona::kNicknames ? 0.7 : 0.05, persona == Persona::kTerse ? 1.0 : 0.25};
}

TypingHabits habits_of(Persona persona) {
  TypingHabits habits;
  if (persona == Persona::kTerse) {
    habits.lower_case = 0.9;
    habits.open_end = 0.85;
    habits.no_apostrophe = 0.4;
  }
  if (persona == Persona::kTypos) habits.typing_error = 0.7;
  if (persona == Persona::kChatty) {
    habits.exclamation = 0.35;
    habits.emoji = 0.08;
  }
  return habits;
}

double talkative(Persona persona) { return persona == Persona::kTerse ? 0.1 : persona == Persona::kChatty ? 2 : 1.3; }

// Chance that a slot is on the agenda.
struct AgendaSlot {
  Slot slot;
  double chance;
};
constexpr std::array kAgenda{AgendaSlot{Slot::kGenre, 0.85},  AgendaSlot{Slot::kYears, 0.5},
                             AgendaSlot{Slot::kPerson, 0.4},  AgendaSlot{Slot::kPopularity, 0.18},
                             AgendaSlot{Slot::kRuntime, 0.2}, AgendaSlot{Slot::kRating, 0.1},
                             AgendaSlot{Slot::kAge, 0.07}};
// Users whose wishes a random movie often meets would say nothing about a system: wishes are added until no more than
// this share of the movies meet them.
constexpr double kSelective = 0.015;
constexpr std::array kSelectiveSlots{Slot::kYears, Slot::kPerson, Slot::kGenre, Slot::kPopularity};

}  // namespace

const char* name_of(Persona persona) {
  static constexpr std::array<const char*, kPersonas> kNames{
      "terse", "chatty", "picky", "undecided", "changeable", "volunteer", "typos", "nicknames", "curious", "demanding"};
  return kNames[static_cast<std::size_t>(persona)];
}

SimulatedUser::SimulatedUser(const FactSets& facts, const Phrasebook& phrasebook, const MentionFinder& finder,
                             MovieId target, Persona persona, Random random)
    : facts_(facts),
      catalog_(facts.catalog()),
      phrasebook_(phrasebook),
      target_(target),
      persona_(persona),
      random_(random),
      speech_(catalog_, phrasebook, finder, habits_of(persona), talkative(persona), random_) {
  wishes_.emplace(facts_, phrasebook_, target_, style_of(persona_), random_);
  make_agenda();
}

bool SimulatedUser::few_meet(const PreferenceState& wants) const {
  const auto most = static_cast<std::int32_t>(kSelective * catalog_.size());
  return facts_.meeting(wants, UnknownFacts::kMeet).count() <= most;
}

void SimulatedUser::make_agenda() {
  const auto add = [&](Slot slot) {
    const auto has = [&](const auto& entry) { return entry.first == slot; };
    if (std::any_of(agenda_.begin(), agenda_.end(), has)) return;
    if (auto wish = wishes_->about(slot)) {
      merge(wants_, wish->update);
      agenda_.emplace_back(slot, std::move(*wish));
    }
  };
  for (const AgendaSlot& entry : kAgenda) {
    if (random_.chance(entry.chance)) add(entry.slot);
  }
  for (const Slot slot : kSelectiveSlots) {
    if (few_meet(wants_)) break;
    add(slot);
  }
  random_.shuffle(agenda_);
  // Most people begin with a genre.
  if (random_.chance(0.6))
    std::stable_partition(agenda_.begin(), agenda_.end(),
                          [](const auto& entry) { return entry.first == Slot::kGenre; });
}

// After accepting: another movie that meets what was said so far. Where there is none, the old target stays.
void SimulatedUser::look_for_another() {
  const MovieSet fitting = facts_.meeting(stated_, UnknownFacts::kMeet);
  for (int attempt = 0; attempt < 300; ++attempt) {
    const double share = random_.uniform();
    const auto movie = static_cast<MovieId>(share * share * catalog_.size());
    if (movie == target_ || !fitting.contains(movie) || known_.contains(movie)) continue;
    if (catalog_.genres_of(movie).empty() || catalog_.cast(movie).empty()) continue;
    target_ = movie;
    wishes_.emplace(facts_, phrasebook_, target_, style_of(persona_), random_);
    wants_ = stated_;
    agenda_.clear();
    return;
  }
}

bool SimulatedUser::would_accept(MovieId movie) const {
  return !known_.contains(movie) && meets(catalog_, wants_, movie) && meets(catalog_, stated_, movie);
}

void SimulatedUser::hear(std::span<const SystemAct> acts) {
  fresh_ = false;
  for (const SystemAct& act : acts) {
    switch (act.kind) {
      case SystemActKind::kRecommend:
      case SystemActKind::kPropose:
        offer_ = {act.movie};
        fresh_ = true;
        is_list_ = false;
        break;
      case SystemActKind::kList:
        offer_.clear();
        for (const Candidate& candidate : act.candidates) offer_.push_back(candidate.movie);
        fresh_ = !offer_.empty();
        is_list_ = offer_.size() > 1;
        break;
      case SystemActKind::kAnswer:
      case SystemActKind::kExplain:
        // Of several movies, the answer picks one.
        if (act.movie >= 0) offer_ = {act.movie};
        is_list_ = false;
        break;
      case SystemActKind::kGreet:
      case SystemActKind::kRestart: offer_.clear(); break;
      default: break;
    }
  }
}

UserTurn SimulatedUser::respond(std::span<const SystemAct> acts) {
  ++turns_;
  hear(acts);
  std::optional<Slot> asked;
  bool closes = false, helps = false, confirms = false, begins = false;
  for (const SystemAct& act : acts) {
    if (act.kind == SystemActKind::kAsk) asked = act.slot;
    closes = closes || act.kind == SystemActKind::kClose;
    confirms = confirms || act.kind == SystemActKind::kConfirm;
    helps = helps || act.kind == SystemActKind::kHelp;
    begins = begins || act.kind == SystemActKind::kGreet || act.kind == SystemActKind::kRestart ||
             act.kind == SystemActKind::kEnglish;
  }
  if (done_ && (closes || confirms || !fresh_)) return say(after_accepting());
  if (done_ && fresh_) return say(settled());
  if (random_.chance(0.01)) return say(TurnDraft::of(UserAct::kLeave, "u.leave"));
  // Small talk, but never twice in a row.
  if (!helps && turns_ != small_talk_ + 1 && random_.chance(0.03)) {
    small_talk_ = turns_;
    return say(TurnDraft::of(UserAct::kOther, "u.other"));
  }
  if (fresh_ && is_list_) return say(react_to_list());
  if (fresh_) return say(react(offer_.front(), asked));
  // The opening may ask for a genre, and gets an answer to more than that.
  if ((begins || turns_ == 1) && (!asked || random_.chance(0.7))) return say(opening());
  if (asked) return say(answer(*asked));
  if (is_list_) return say(react_to_list());
  if (!offer_.empty()) return say(react(offer_.front(), {}));
  return say(opening());
}

UserTurn SimulatedUser::say(const TurnDraft& draft) {
  auto turn = speech_.say(draft, target_);
  if (!turn) {
    // Some names can hardly be said, such as that of a person whose surname is a word. To ask for more is always true.
    const TurnDraft plain = TurnDraft::of(UserAct::kMore, offer_.empty() ? "u.hurry" : "u.more");
    turn = speech_.say(plain, -1);
  }
  merge(stated_, turn->update);
  for (const auto* movies : {&turn->update.said.liked, &turn->update.said.disliked, &turn->update.said.seen})
    known_.insert(movies->begin(), movies->end());
  return std::move(*turn);
}

}  // namespace matinee
