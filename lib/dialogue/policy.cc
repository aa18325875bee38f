#include "lib/dialogue/policy.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// Share of users who have an answer, estimated from the simulated users.
double answer_rate(Slot slot) {
  switch (slot) {
    case Slot::kGenre: return 0.9;
    case Slot::kYears: return 0.8;
    case Slot::kRuntime: return 0.6;
    case Slot::kPopularity: return 0.7;
    case Slot::kPerson: return 0.55;
    case Slot::kAge:
    case Slot::kRating:
    case Slot::kKeyword: break;
  }
  return 0;
}

bool has_value(const PreferenceState& state, Slot slot) {
  switch (slot) {
    case Slot::kGenre: return !state.genres.empty();
    case Slot::kYears: return state.years.has_value();
    case Slot::kRuntime: return state.runtime.has_value();
    case Slot::kPopularity: return state.popularity != Popularity::kAny;
    case Slot::kPerson: return !state.people.empty();
    case Slot::kAge: return state.age.has_value();
    case Slot::kRating: return state.min_rating.has_value();
    case Slot::kKeyword: return !state.keywords.empty();
  }
  return false;
}

}  // namespace

Policy::Policy(const MovieCatalog& catalog, const CandidateRanker& ranker, PolicyOptions options)
    : catalog_(catalog), ranker_(ranker), options_(options) {
  for (int slot = 0; slot < kAskableSlots; ++slot) {
    if (catalog_can_answer(catalog, static_cast<Slot>(slot))) answerable_.insert(static_cast<Slot>(slot));
  }
}

// The user answers with one value of the target, and movies without it drop out. If N movies are viable and N_a of them
// have the value a, the gain is ln N - E[ln N_a], over all movies and their values.
double Policy::gain(Slot slot, const MovieSet& viable) const {
  if (!answerable_.contains(slot)) return 0;
  std::unordered_map<std::int32_t, double> movies_with;
  std::vector<std::int32_t> values;
  const auto values_of = [&](MovieId movie) {
    values.clear();
    switch (slot) {
      case Slot::kGenre: values.assign(catalog_.genres_of(movie).begin(), catalog_.genres_of(movie).end()); break;
      case Slot::kYears:
        if (catalog_.year(movie) != kUnknown) values.push_back(catalog_.year(movie) / 10);
        break;
      case Slot::kRuntime:
        if (catalog_.runtime(movie) != kUnknown)
          values.push_back(catalog_.runtime(movie) < 100 ? 0 : catalog_.runtime(movie) < 140 ? 1 : 2);
        break;
      case Slot::kPopularity: values.push_back(static_cast<std::int32_t>(popularity_of(catalog_, movie))); break;
      case Slot::kPerson:
        for (const PersonId person : catalog_.cast(movie).first(std::min<std::size_t>(3, catalog_.cast(movie).size())))
          values.push_back(person);
        for (const PersonId person : catalog_.directors(movie)) values.push_back(person);
        break;
      case Slot::kAge:
      case Slot::kRating:
      case Slot::kKeyword: break;
    }
  };
  double total = 0;
  viable.for_each([&](MovieId movie) {
    values_of(movie);
    ++total;
    for (const std::int32_t value : values) ++movies_with[value];
  });
  if (total < 2) return 0;
  double expected = 0;
  viable.for_each([&](MovieId movie) {
    values_of(movie);
    if (values.empty()) return;
    double mean = 0;
    for (const std::int32_t value : values) mean += std::log(total / movies_with[value]);
    expected += mean / static_cast<double>(values.size());
  });
  return answer_rate(slot) * expected / total;
}

std::vector<SystemAct> Policy::open(DialogueState& state) const {
  return {SystemAct{.kind = SystemActKind::kGreet}, ask_or_recommend(state, false)};
}

std::vector<SystemAct> Policy::next(DialogueState& state, const PreferenceUpdate& given) const {
  const MovieId movie = state.under_discussion;
  const bool recommended =
      std::find(state.recommended.begin(), state.recommended.end(), movie) != state.recommended.end();
  PreferenceUpdate update = given;
  if (movie >= 0 && !recommended && state.question_pending) {
    // To accept or reject a movie that was not recommended is an opinion of it: "Do you like it?" "I'd watch that."
    if (update.act == UserAct::kAccept) update.said.liked = {movie};
    if (update.act == UserAct::kReject) update.said.disliked = {movie};
  }
  merge(state.preferences, update);
  for (const Slot slot : update.any) state.any.insert(slot);
  for (int slot = 0; slot < kSlots; ++slot) {
    if (has_value(update.said, static_cast<Slot>(slot))) state.any.erase(static_cast<Slot>(slot));
  }
  if (state.question_pending && !update.said.empty()) ++state.questions;
  state.question_pending = false;
  const bool helped = std::exchange(state.helped, update.act == UserAct::kOther);
  switch (update.act) {
    case UserAct::kLeave: state.finished = true; return {SystemAct{.kind = SystemActKind::kClose}};
    case UserAct::kAccept:
      if (!recommended) break;
      state.finished = true;
      return {SystemAct{.kind = SystemActKind::kClose, .movie = movie, .accepted = true}};
    case UserAct::kAsk:
      if (movie < 0 || !update.asks) break;
      return {SystemAct{.kind = SystemActKind::kAnswer, .movie = movie, .fact = *update.asks}};
    case UserAct::kWhy:
      if (!recommended) break;
      return {SystemAct{.kind = SystemActKind::kExplain,
                        .movie = state.last_recommendation.movie,
                        .candidates = {state.last_recommendation}}};
    case UserAct::kOther: {
      if (helped) break;  // once in a row is enough
      SystemAct help{.kind = SystemActKind::kHelp};
      if (!recommended) return {help, ask_or_recommend(state, false)};
      help.movie = movie;
      return {help};
    }
    default: break;
  }
  return {ask_or_recommend(state, update.act == UserAct::kMore)};
}

SystemAct Policy::ask_or_recommend(DialogueState& state, bool wants_recommendation) const {
  const MovieSet viable = ranker_.viable(state.preferences, state.recommended);
  const std::int32_t left = viable.count();
  if (wants_recommendation || state.questions >= options_.max_questions || left <= options_.few_enough)
    return recommend(state);
  std::optional<Slot> best;
  double best_gain = 0.2;  // below this an answer is not worth a turn
  for (int i = 0; i < kAskableSlots; ++i) {
    const auto slot = static_cast<Slot>(i);
    if (state.asked.contains(slot) || state.any.contains(slot) || has_value(state.preferences, slot)) continue;
    // The first question is a simple one, never about people.
    if (state.asked.empty() && slot == Slot::kPerson) continue;
    if (const double expected = gain(slot, viable); expected > best_gain) {
      best = slot;
      best_gain = expected;
    }
  }
  if (best) {
    state.asked.insert(*best);
    state.question_pending = true;
    return {.kind = SystemActKind::kAsk, .slot = *best};
  }
  if (static_cast<int>(state.opinions.size()) < options_.max_opinions && state.questions < options_.opinions_below) {
    // The first popular movie among the best candidates: most people have an opinion of it.
    for (const Candidate& candidate : ranker_.rank(state.preferences, state.recommended, 20)) {
      if (state.opinions.contains(candidate.movie) || popularity_of(catalog_, candidate.movie) != Popularity::kPopular)
        continue;
      state.opinions.insert(candidate.movie);
      state.under_discussion = candidate.movie;
      state.question_pending = true;
      return {.kind = SystemActKind::kAskOpinion, .movie = candidate.movie};
    }
  }
  return recommend(state);
}

SystemAct Policy::recommend(DialogueState& state) const {
  SystemAct act{.kind = SystemActKind::kRecommend};
  act.candidates = ranker_.rank(state.preferences, state.recommended, options_.candidates);
  if (act.candidates.empty()) {  // every movie of the catalog was recommended or is known to the user
    state.finished = true;
    return {.kind = SystemActKind::kClose};
  }
  act.movie = act.candidates.front().movie;
  state.recommended.push_back(act.movie);
  state.under_discussion = act.movie;
  state.last_recommendation = act.candidates.front();
  return act;
}

}  // namespace matinee
