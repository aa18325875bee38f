#include "lib/dialogue/question_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
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

QuestionChoice::QuestionChoice(const MovieCatalog& catalog) {
  std::vector<std::int32_t> values;
  for (int slot = 0; slot < kAskableSlots; ++slot) {
    if (!catalog_can_answer(catalog, static_cast<Slot>(slot))) continue;
    answerable_.insert(static_cast<Slot>(slot));
    Answers& answers = answers_[static_cast<std::size_t>(slot)];
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      values.clear();
      append_values(catalog, movie, static_cast<Slot>(slot), values);
      answers.values.insert(answers.values.end(), values.begin(), values.end());
      answers.offsets.push_back(static_cast<std::uint32_t>(answers.values.size()));
      for (const std::int32_t value : values)
        answers.limit = std::max(answers.limit, static_cast<std::size_t>(value) + 1);
    }
  }
}

// The user answers with one value of the target, and movies without it drop out. If N movies are viable and N_a of them
// have the value a, the gain is ln N - E[ln N_a], over all movies and their values. This is N times the gain. `Count`
// must hold 2 N: a movie counts a person twice who acts in it and directs it.
template <class Count>
double QuestionChoice::information(const Answers& answers, const MovieSet& viable, std::int32_t movies) {
  const auto values_of = [&](MovieId movie) {
    const std::uint32_t* offset = answers.offsets.data() + movie;
    return std::span(answers.values).subspan(offset[0], offset[1] - offset[0]);
  };
  // Scratch memory of the thread.
  constexpr double kNone = std::numeric_limits<double>::infinity();
  thread_local std::vector<Count> movies_with;
  thread_local std::vector<double> of_count;  // ln(N / n), by n; kNone where it was not needed yet
  movies_with.assign(answers.limit, 0);
  of_count.assign(2 * static_cast<std::size_t>(movies) + 1, kNone);
  viable.for_each([&](MovieId movie) {
    for (const std::int32_t value : values_of(movie)) ++movies_with[static_cast<std::size_t>(value)];
  });
  const double total = movies;
  double expected = 0;
  viable.for_each([&](MovieId movie) {
    const auto values = values_of(movie);
    if (values.empty()) return;
    double mean = 0;
    for (const std::int32_t value : values) {
      const Count count = movies_with[static_cast<std::size_t>(value)];
      double& known = of_count[count];
      if (known == kNone) known = std::log(total / count);
      mean += known;
    }
    expected += mean / static_cast<double>(values.size());
  });
  return expected;
}

double QuestionChoice::gain(Slot slot, const MovieSet& viable) const {
  if (!answerable_.contains(slot)) return 0;
  const Answers& answers = answers_[static_cast<std::size_t>(slot)];
  const std::int32_t movies = viable.count();
  if (movies < 2 || answers.values.empty()) return 0;
  const double expected = movies < 32'000 ? information<std::uint16_t>(answers, viable, movies)
                                          : information<std::uint32_t>(answers, viable, movies);
  return answer_rate(slot) * expected / movies;
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
