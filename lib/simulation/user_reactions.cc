// How simulated users react to what the system offers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/simulation/simulated_user.h"
#include "lib/simulation/wish_check.h"

namespace matinee {
namespace {

// A sentence that says something of the movie that stands.
TurnDraft::Sentence about_it(std::string section, std::vector<MovieId> PreferenceState::*list, MovieId movie,
                             bool seen = false) {
  Wish wish;
  (wish.update.said.*list).push_back(movie);
  if (seen) wish.update.said.seen = {movie};
  return {std::move(section), {std::move(wish)}};
}

// What users ask, as often as here. Most of it no catalog knows.
constexpr std::array kQuestions{Fact::kPlot,   Fact::kPlot,    Fact::kPlot,     Fact::kCast,     Fact::kCast,
                                Fact::kCast,   Fact::kRating,  Fact::kRating,   Fact::kGenres,   Fact::kGenres,
                                Fact::kYear,   Fact::kRuntime, Fact::kRuntime,  Fact::kDirector, Fact::kDirector,
                                Fact::kAge,    Fact::kAge,     Fact::kWhere,    Fact::kWhere,    Fact::kSeries,
                                Fact::kAwards, Fact::kTrailer, Fact::kLanguage, Fact::kWriter,   Fact::kCountry};

}  // namespace

// Questions before the decision: at most three facts, each once, and the reason.
std::optional<TurnDraft> SimulatedUser::question(MovieId movie) {
  const double curiosity = persona_ == Persona::kCurious ? 0.5 : 0.1;
  if (asked_facts_.size() < 3 && random_.chance(curiosity)) {
    const Fact fact = random_.pick(kQuestions);
    if (asked_facts_.insert(fact).second) {
      TurnDraft draft = TurnDraft::of(UserAct::kAsk, fmt::format("u.ask.{}", name_of(fact)));
      draft.sentences[0].wishes.emplace_back();
      draft.sentences[0].wishes[0].update.asks = fact;
      if (random_.chance(0.2)) draft.sentences.insert(draft.sentences.begin(), {"u.unsure_movie", {}});
      return draft;
    }
  }
  if (movie >= 0 && !asked_why_ && random_.chance(curiosity / 3)) {
    asked_why_ = true;
    return TurnDraft::of(UserAct::kWhy, "u.why");
  }
  return {};
}

TurnDraft SimulatedUser::accept(std::optional<Slot> asked) {
  known_.insert(offer_.begin(), offer_.end());
  ++accepted_;
  const double choice = random_.uniform();
  if (choice < 0.08 && accepted_ < 3) {
    look_for_another();
    return TurnDraft::of(UserAct::kMore, "u.accept_more");
  }
  done_ = true;
  TurnDraft draft = TurnDraft::of(UserAct::kAccept, "u.accept");
  if (choice < 0.16) draft.add("u.accept");
  if (choice > 0.9) draft.add("u.thanks");
  if (choice > 0.3 && choice < 0.5) draft.add("comment.taken");
  // "Sure, and the kids will watch, too."
  if (asked && random_.chance(0.1)) {
    if (auto wish = wish_for(*asked)) draft.add(std::move(*wish));
  }
  speech_.decorate(draft, false);
  return draft;
}

TurnDraft SimulatedUser::accept_of_list(std::size_t index) {
  const MovieId movie = offer_[index];
  const bool last = index + 1 == offer_.size();
  known_.insert(movie);
  ++accepted_;
  done_ = true;
  TurnDraft draft;
  draft.act = UserAct::kAccept;
  Wish wish;
  // The target's title is not said.
  if (movie != target_ && random_.chance(0.35)) {
    wish = wishes_->proposal(movie);
    wish.name = "choose_movie";
    draft.add(std::move(wish));
    return draft;
  }
  const bool counted_back = last && random_.chance(0.5);
  if (index > 2 && !last) return TurnDraft::of(UserAct::kAccept, "u.accept");
  wish.name = "accept_nth";
  wish.update.nth = counted_back || index > 2 ? -1 : static_cast<std::int32_t>(index) + 1;
  wish.slots["nth"] =
      phrasebook_.expand(wish.update.nth < 0 ? "nth.last" : fmt::format("nth.{}", index + 1), {}, random_);
  draft.add(std::move(wish));
  return draft;
}

// The user has seen it, and says how it was: as movies that are like the target, or not.
TurnDraft SimulatedUser::known_movie(MovieId movie) {
  const Likeness how = likeness(catalog_, movie, target_);
  const bool seen = random_.chance(0.5), comments = random_.chance(0.35);
  TurnDraft draft;
  if (how != Likeness::kUnlike && random_.chance(how == Likeness::kAlike ? 0.85 : 0.4)) {
    draft.act = seen ? UserAct::kSeen : UserAct::kLike;
    draft.sentences = {about_it(seen ? "u.seen_like" : "u.like", &PreferenceState::liked, movie, seen)};
    if (comments) draft.add("comment.liked");
  } else if (how == Likeness::kUnlike && random_.chance(0.5)) {
    draft.act = seen ? UserAct::kSeen : UserAct::kDislike;
    draft.sentences = {about_it(seen ? "u.seen_dislike" : "u.dislike", &PreferenceState::disliked, movie, seen)};
    if (comments) draft.add("comment.disliked");
  } else {
    draft.act = UserAct::kSeen;
    draft.sentences = {about_it("u.seen", &PreferenceState::seen, movie)};
  }
  return draft;
}

TurnDraft SimulatedUser::plain_reaction(MovieId movie) {
  const double choice = random_.uniform();
  if (choice < 0.45) return known_movie(movie);
  if (choice < 0.57) return TurnDraft::of(UserAct::kMore, "u.more");
  if (choice < 0.69) return TurnDraft::of(UserAct::kUnsure, "u.unsure_movie");
  if (choice < 0.74) return TurnDraft::of(UserAct::kUnsure, "u.doubt");
  const bool unheard = !broken_slots(catalog_, stated_, movie).empty();
  if (unheard && random_.chance(0.4)) return TurnDraft::of(UserAct::kReject, "u.reject_broken");
  return TurnDraft::of(UserAct::kReject, "u.reject");
}

// What the user wants and the movie has not, if it was not said.
std::optional<Wish> SimulatedUser::missing(MovieId movie) {
  for (const Slot slot : broken_slots(catalog_, wants_, movie)) {
    const auto unsaid = [&](const auto& entry) { return entry.first == slot; };
    if (std::any_of(agenda_.begin(), agenda_.end(), unsaid)) return wish_for(slot);
  }
  return {};
}

// A wish, which alone, or after a reaction, says that it shall be another movie.
std::optional<TurnDraft> SimulatedUser::wish_after(MovieId movie) {
  std::optional<Wish> wish;
  const double choice = random_.uniform();
  if (choice < 0.5) wish = missing(movie);
  if (!wish && choice < 0.7) wish = wishes_->relative(movie);
  if (!wish && choice < 0.76) wish = wishes_->same_people(movie);
  if (!wish && choice < 0.84) wish = wishes_->objection(movie);
  if (!wish && choice < 0.92) wish = wishes_->comparison();
  if (!wish && choice < 0.95) wish = wishes_->beyond();
  if (!wish) wish = next_wish();
  if (!wish) return {};
  TurnDraft draft;
  const double reaction = random_.uniform();
  if (reaction < 0.2) {
    draft.add("u.reject");
  } else if (reaction < 0.42) {
    draft = known_movie(movie);
    draft.act = UserAct::kInform;
    // Beside a wish, how it was says that it was seen.
    PreferenceState& said = draft.sentences[0].wishes[0].update.said;
    if (!said.liked.empty() || !said.disliked.empty()) said.seen.clear();
  } else if (reaction < 0.5) {
    draft.add("u.unsure_movie");
  }
  draft.add(std::move(*wish));
  speech_.decorate(draft, false);
  return draft;
}

// Everything, to begin again, or a wish that no longer matters.
std::optional<TurnDraft> SimulatedUser::take_back() {
  Wish wish;
  if (random_.chance(0.4)) {
    wish.name = "restart";
    for (int slot = 0; slot < kSlots; ++slot) wish.update.drop.push_back(static_cast<Slot>(slot));
    agenda_.clear();
    said_slots_.clear();
    wants_ = PreferenceState();
    make_agenda();
  } else {
    static constexpr std::array kSlotsToForget{Slot::kGenre, Slot::kYears, Slot::kRuntime, Slot::kPopularity,
                                               Slot::kPerson};
    const Slot slot = random_.pick(kSlotsToForget);
    if (!said_slots_.contains(slot) || said_slots_.size() < 2) return {};
    wish.name = "forget";
    wish.slots["wish_noun"] = phrasebook_.expand(fmt::format("wish_noun.{}", name_of(slot)), {}, random_);
    wish.update.drop = {slot};
    merge(wants_, wish.update);
  }
  TurnDraft draft;
  draft.add(std::move(wish));
  return draft;
}

TurnDraft SimulatedUser::react(MovieId movie, std::optional<Slot> asked) {
  if (auto draft = change_of_mind(asked)) return std::move(*draft);
  if (auto draft = question(movie)) return std::move(*draft);
  if (would_accept(movie)) {
    // A movie that fits may be one that the user knows.
    if (movie == target_ || !random_.chance(0.15)) return accept(asked);
    return known_movie(movie);
  }
  if (fresh_ && asked && !said_slots_.contains(*asked) && random_.chance(0.45)) {
    TurnDraft reply = answer(*asked);
    const double reaction = random_.uniform();
    if (reply.act == UserAct::kInform && reaction < 0.25)
      reply.sentences.insert(reply.sentences.begin(), {reaction < 0.12 ? "u.reject" : "u.unsure_movie", {}});
    return reply;
  }
  if (random_.chance(0.04)) {
    if (auto draft = named_movie()) return std::move(*draft);
  }
  if (random_.chance(0.02)) {
    if (auto draft = take_back()) return std::move(*draft);
  }
  if (random_.chance(persona_ == Persona::kDemanding || agenda_.size() > 1 ? 0.75 : 0.5)) {
    if (auto draft = wish_after(movie)) return std::move(*draft);
  }
  TurnDraft draft = plain_reaction(movie);
  if (draft.act != UserAct::kMore && draft.act != UserAct::kUnsure && random_.chance(0.2)) draft.add("u.more");
  speech_.decorate(draft, false);
  return draft;
}

TurnDraft SimulatedUser::react_to_list() {
  if (auto draft = change_of_mind({})) return std::move(*draft);
  const auto fitting = std::find_if(offer_.begin(), offer_.end(), [&](MovieId movie) { return would_accept(movie); });
  if (random_.chance(persona_ == Persona::kCurious ? 0.4 : 0.12)) {
    static constexpr std::array kAsked{Fact::kPlot, Fact::kCast, Fact::kRating, Fact::kRuntime, Fact::kYear};
    const Fact fact = random_.pick(kAsked);
    const auto most = std::min<std::size_t>(offer_.size(), 3);
    const auto index = static_cast<std::size_t>(random_.below(most));
    Wish wish;
    wish.name = fmt::format("ask_nth.{}", name_of(fact));
    wish.update.asks = fact;
    wish.update.nth = static_cast<std::int32_t>(index) + 1;
    wish.slots["nth"] = phrasebook_.expand(fmt::format("nth.{}", index + 1), {}, random_);
    TurnDraft draft;
    draft.act = UserAct::kAsk;
    draft.add(std::move(wish));
    return draft;
  }
  if (fitting != offer_.end()) return accept_of_list(static_cast<std::size_t>(fitting - offer_.begin()));
  if (random_.chance(0.6)) {
    if (auto wish = missing(offer_.front())) {
      TurnDraft draft;
      if (random_.chance(0.3)) draft.add("u.reject_list");
      draft.add(std::move(*wish));
      speech_.decorate(draft, false);
      return draft;
    }
  }
  return random_.chance(0.6) ? TurnDraft::of(UserAct::kReject, "u.reject_list")
                             : TurnDraft::of(UserAct::kMore, "u.more");
}

// The accepted movie is settled: the user leaves, or wants another.
TurnDraft SimulatedUser::after_accepting() {
  const double choice = random_.uniform();
  if (choice < 0.5 || accepted_ >= 3) {
    TurnDraft draft = TurnDraft::of(UserAct::kLeave, "u.leave");
    if (random_.chance(0.25)) draft.sentences.insert(draft.sentences.begin(), {"u.thanks", {}});
    return draft;
  }
  if (choice < 0.62) return TurnDraft::of(UserAct::kAccept, "u.thanks");
  done_ = false;
  const MovieId taken = offer_.empty() ? -1 : offer_.front();
  look_for_another();
  if (taken >= 0 && random_.chance(0.4)) {
    auto wish = random_.chance(0.5) ? wishes_->relative(taken) : wishes_->same_people(taken);
    if (wish) {
      TurnDraft draft;
      draft.add("u.another");
      draft.add(std::move(*wish));
      return draft;
    }
  }
  return TurnDraft::of(UserAct::kMore, "u.another");
}

// Something new was offered after the decision.
TurnDraft SimulatedUser::settled() {
  if (accepted_ >= 3 || random_.chance(0.4)) return TurnDraft::of(UserAct::kLeave, "u.leave");
  done_ = false;
  look_for_another();
  return is_list_ ? react_to_list() : react(offer_.front(), {});
}

}  // namespace matinee
