// What simulated users say when they begin, and when they are asked.
#include <algorithm>
#include <utility>

#include "lib/simulation/simulated_user.h"

namespace matinee {
namespace {

bool says_years(const Wish& wish) { return wish.update.said.years || wish.update.said.not_years; }

bool says_years(const TurnDraft& draft) {
  for (const TurnDraft::Sentence& sentence : draft.sentences) {
    if (std::any_of(sentence.wishes.begin(), sentence.wishes.end(), [](const Wish& wish) { return says_years(wish); }))
      return true;
  }
  return false;
}

}  // namespace

// The next wish of the agenda.
std::optional<Wish> SimulatedUser::next_wish() {
  if (agenda_.empty()) return {};
  auto [slot, wish] = std::move(agenda_.front());
  agenda_.erase(agenda_.begin());
  said_slots_.insert(slot);
  return std::move(wish);
}

// A wish of this slot that was not said yet: of the agenda, or another fact of the target.
std::optional<Wish> SimulatedUser::wish_for(Slot slot) {
  const auto entry = std::find_if(agenda_.begin(), agenda_.end(), [&](const auto& e) { return e.first == slot; });
  if (entry != agenda_.end()) {
    std::rotate(agenda_.begin(), entry, entry + 1);
    return next_wish();
  }
  if (!said_slots_.insert(slot).second) return {};
  return wishes_->about(slot);
}

// Adds the next wishes, and now and then one that is not on the agenda, together or one after another.
void SimulatedUser::add_wishes(TurnDraft& draft, std::size_t count) {
  std::vector<Wish> wishes;
  bool years = says_years(draft);
  const auto add = [&](std::optional<Wish> wish) {
    if (!wish || (years && says_years(*wish))) return;
    years = years || says_years(*wish);
    wishes.push_back(std::move(*wish));
  };
  for (std::size_t i = 0; i < count; ++i) add(next_wish());
  const bool picky = persona_ == Persona::kPicky, chatty = persona_ == Persona::kChatty;
  if (random_.chance(chatty ? 0.45 : 0.24)) add(wishes_->comparison());
  if (random_.chance(picky ? 0.55 : 0.09)) {
    static constexpr std::array kUnwanted{Slot::kGenre, Slot::kPerson, Slot::kYears};
    add(wishes_->against(random_.pick(kUnwanted)));
  }
  if (random_.chance(0.09)) add(wishes_->beyond());
  if (random_.chance(0.03)) add(wishes_->seen_movie());
  if (random_.chance(0.02)) add(wishes_->unknown_movie());
  if (random_.chance(0.03)) add(wishes_->count());
  if (wishes.empty()) add(wishes_->comparison());
  std::vector<Wish> in_one;
  const bool one_sentence = random_.chance(0.62);
  for (Wish& wish : wishes) {
    if (one_sentence && phrasebook_.has("bare." + wish.name)) {
      in_one.push_back(std::move(wish));
    } else {
      draft.add(std::move(wish));
    }
  }
  if (!in_one.empty()) draft.sentences.insert(draft.sentences.begin(), {"", std::move(in_one)});
}

TurnDraft SimulatedUser::opening() {
  const double choice = random_.uniform();
  if (choice < 0.05) return TurnDraft::of(UserAct::kOther, "u.hi");
  if (choice < 0.065) {
    TurnDraft draft = TurnDraft::of(UserAct::kOther, "u.foreign");
    draft.sentences[0].wishes.emplace_back();
    draft.sentences[0].wishes[0].update.beyond = {Beyond::kForeign};
    return draft;
  }
  TurnDraft draft;
  if (choice < 0.13) {
    draft = TurnDraft::of(UserAct::kMore, "u.hurry");
    if (random_.chance(0.15)) draft = TurnDraft{UserAct::kMore, {{"", {*wishes_->count()}}}};
  } else if (choice < 0.17) {
    if (auto named = named_movie()) return std::move(*named);
  } else if (choice < 0.2) {
    if (auto sorted = wishes_->sort()) draft.add(std::move(*sorted));
  } else if (choice < 0.24) {
    if (auto but = wishes_->comparison_but()) draft.add(std::move(*but));
  }
  if (draft.sentences.empty()) {
    const bool eager = persona_ == Persona::kVolunteer;
    const double more = random_.uniform();
    add_wishes(draft, more < (eager ? 0.1 : 0.42) ? 1 : more < (eager ? 0.5 : 0.8) ? 2 : 3);
  }
  speech_.decorate(draft, true);
  return draft;
}

TurnDraft SimulatedUser::do_not_care(Slot slot) {
  // Half of those who are asked for a name answer about names.
  const bool names = slot == Slot::kPerson && random_.chance(0.5);
  TurnDraft draft = TurnDraft::of(UserAct::kUnsure, names ? "u.any.person" : "u.any");
  draft.sentences[0].wishes.emplace_back();
  draft.sentences[0].wishes[0].update.any = {slot};
  return draft;
}

// A changeable user first says something wrong, and corrects it at the next question or recommendation.
std::optional<TurnDraft> SimulatedUser::change_of_mind(std::optional<Slot> asked) {
  if (mistake_) {
    auto correction = wishes_->correction(*mistake_);
    mistake_.reset();
    if (!correction) return {};
    TurnDraft draft;
    draft.add(std::move(*correction));
    // Sometimes the answer to the question follows.
    if (asked && *asked != Slot::kYears && random_.chance(0.4)) {
      if (auto more = wish_for(*asked)) draft.add(std::move(*more));
    }
    return draft;
  }
  const bool changes = persona_ == Persona::kChangeable && mistaken_.size() < 2 && random_.chance(0.6);
  if (!asked || !changes || said_slots_.contains(*asked) || !mistaken_.insert(*asked).second) return {};
  mistake_ = wishes_->mistaken(*asked);
  if (!mistake_) return {};
  TurnDraft draft;
  draft.add(*mistake_);
  return draft;
}

TurnDraft SimulatedUser::answer(Slot slot) {
  if (auto draft = change_of_mind(slot)) return std::move(*draft);
  if (persona_ == Persona::kUndecided && random_.chance(0.5)) return do_not_care(slot);
  if (!hurried_ && random_.chance(0.04)) {
    hurried_ = true;
    return TurnDraft::of(UserAct::kMore, "u.hurry");
  }
  TurnDraft draft;
  const bool picky = random_.chance(persona_ == Persona::kPicky ? 0.5 : 0.05);
  if (picky && (slot == Slot::kGenre || slot == Slot::kPerson)) {
    const bool only = random_.chance(0.3);
    auto wish = only ? wishes_->against(slot) : wishes_->about_and_against(slot);
    if (wish) draft.add(std::move(*wish));
  } else if (slot == Slot::kPerson && random_.chance(0.2)) {
    return do_not_care(slot);  // many people cannot think of a name
  } else if (!random_.chance(0.06)) {
    if (auto wish = wish_for(slot)) draft.add(std::move(*wish));
  }
  // Sometimes the answer is about something else, or about that, too.
  const bool eager = random_.chance(persona_ == Persona::kVolunteer ? 0.7 : 0.2);
  if (eager && !agenda_.empty()) {
    add_wishes(draft, 1);
  } else if (random_.chance(persona_ == Persona::kChatty ? 0.4 : 0.14)) {
    if (auto wish = wishes_->comparison()) draft.add(std::move(*wish));
  }
  if (draft.sentences.empty()) return do_not_care(slot);
  speech_.decorate(draft, false);
  return draft;
}

// Proposes a movie, or asks about one.
std::optional<TurnDraft> SimulatedUser::named_movie() {
  TurnDraft draft;
  if (random_.chance(0.45)) {
    auto question = wishes_->question();
    if (!question) return {};
    draft.act = UserAct::kAsk;
    draft.add(std::move(*question));
    return draft;
  }
  const MovieId movie = wishes_->compared(Likeness::kAlike);
  if (movie < 0 || known_.contains(movie)) return {};
  draft.add(wishes_->proposal(movie));
  return draft;
}

}  // namespace matinee
