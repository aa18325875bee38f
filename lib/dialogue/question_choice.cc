#include "lib/dialogue/question_choice.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

// An answer that is expected to say less than this, in nats, is not worth a question.
constexpr double kWorthAsking = 0.2;

// Share of users who have an answer, estimated from the simulated users.
double answer_rate(Slot slot) {
  switch (slot) {
    case Slot::kGenre: return 0.9;
    case Slot::kYears: return 0.8;
    case Slot::kRuntime: return 0.6;
    case Slot::kPopularity: return 0.7;
    case Slot::kPerson: return 0.55;
    case Slot::kAge: return 0.5;
    case Slot::kRating:
    case Slot::kKeyword: break;
  }
  return 0;
}

// What users can answer with to hint at the movie.
void append_values(const MovieCatalog& catalog, MovieId movie, Slot slot, std::vector<std::int32_t>& values) {
  switch (slot) {
    case Slot::kGenre: values.assign(catalog.genres_of(movie).begin(), catalog.genres_of(movie).end()); break;
    case Slot::kYears:
      if (catalog.year(movie) != kUnknown) values.push_back(catalog.year(movie) / 10);
      break;
    case Slot::kRuntime:
      if (catalog.runtime(movie) != kUnknown)
        values.push_back(catalog.runtime(movie) < 100 ? 0 : catalog.runtime(movie) < 140 ? 1 : 2);
      break;
    case Slot::kPopularity: values.push_back(static_cast<std::int32_t>(popularity_of(catalog, movie))); break;
    case Slot::kPerson:
      for (const PersonId person : catalog.cast(movie).first(std::min<std::size_t>(3, catalog.cast(movie).size())))
        values.push_back(person);
      for (const PersonId person : catalog.directors(movie)) values.push_back(person);
      break;
    case Slot::kAge:
    case Slot::kRating:
    case Slot::kKeyword: break;
  }
}

}  // namespace

QuestionChoice::QuestionChoice(const MovieCatalog& catalog) : catalog_(catalog) {
  for (int slot = 0; slot < kAskableSlots; ++slot) {
    if (catalog_can_answer(catalog, static_cast<Slot>(slot))) answerable_.insert(static_cast<Slot>(slot));
  }
}

// The user answers with one value of the target, and movies without it drop out. If N movies are viable and N_a of them
// have the value a, the gain is ln N - E[ln N_a], over all movies and their values.
double QuestionChoice::gain(Slot slot, const MovieSet& viable) const {
  if (!answerable_.contains(slot)) return 0;
  std::unordered_map<std::int32_t, double> movies_with;
  std::vector<std::int32_t> values;
  const auto values_of = [&](MovieId movie) {
    values.clear();
    append_values(catalog_, movie, slot, values);
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

std::optional<Slot> QuestionChoice::best(const DialogueState& state, const MovieSet& viable) const {
  std::optional<Slot> best;
  double best_gain = kWorthAsking;
  for (const Slot slot : answerable_) {
    if (state.asked.contains(slot) || state.any.contains(slot) || has_value(state.preferences, slot)) continue;
    if (const double expected = gain(slot, viable); expected > best_gain) {
      best = slot;
      best_gain = expected;
    }
  }
  return best;
}

}  // namespace matinee
