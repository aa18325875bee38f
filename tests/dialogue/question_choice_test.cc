#include "lib/dialogue/question_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/dialogue/movie_facts.h"
#include "tests/dialogue/full_catalog.h"
#include "tests/dialogue/random_wishes.h"

namespace matinee {
namespace {

std::vector<std::int32_t> answers(const MovieCatalog& catalog, MovieId movie, Slot slot) {
  std::vector<std::int32_t> values;
  const std::int32_t year = catalog.year(movie), minutes = catalog.runtime(movie);
  const auto cast = catalog.cast(movie);
  switch (slot) {
    case Slot::kGenre: values.assign(catalog.genres_of(movie).begin(), catalog.genres_of(movie).end()); break;
    case Slot::kYears:
      if (year != kUnknown) values = {year / 10};
      break;
    case Slot::kRuntime:
      if (minutes != kUnknown) values = {minutes < 100 ? 0 : minutes < 140 ? 1 : 2};
      break;
    case Slot::kPopularity: values = {static_cast<std::int32_t>(popularity_of(catalog, movie))}; break;
    case Slot::kPerson:
      values.assign(cast.begin(), cast.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(cast.size(), 3)));
      values.insert(values.end(), catalog.directors(movie).begin(), catalog.directors(movie).end());
      break;
    default: break;
  }
  return values;
}

// ln N - E[ln N_a] by the definition, without the rate of answers.
double information(const MovieCatalog& catalog, Slot slot, const MovieSet& viable) {
  std::map<std::int32_t, double> movies_with;
  viable.for_each([&](MovieId movie) {
    for (const std::int32_t value : answers(catalog, movie, slot)) ++movies_with[value];
  });
  const double total = viable.count();
  double expected = 0;
  viable.for_each([&](MovieId movie) {
    const auto values = answers(catalog, movie, slot);
    for (const std::int32_t value : values)
      expected += std::log(total / movies_with[value]) / static_cast<double>(values.size());
  });
  return expected / total;
}

TEST(QuestionChoice, GainIsTheExpectedInformationOfRandomSets) {
  const auto& world = testing::FullCatalog::get();
  const QuestionChoice choice(world.catalog);
  std::map<Slot, double> rates;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const MovieSet viable = world.facts.meeting(testing::random_wishes(world.catalog, trial), UnknownFacts::kBreak);
    if (viable.count() < 2) continue;
    for (const Slot slot : {Slot::kGenre, Slot::kYears, Slot::kRuntime, Slot::kPopularity, Slot::kPerson}) {
      const double gain = choice.gain(slot, viable), plain = information(world.catalog, slot, viable);
      if (plain < 1e-9) {
        EXPECT_NEAR(gain, 0, 1e-9);
        continue;
      }
      // The rate of answers is the same in every state.
      const double rate = rates.try_emplace(slot, gain / plain).first->second;
      EXPECT_GT(rate, 0.3);
      EXPECT_LE(rate, 1);
      EXPECT_NEAR(gain, rate * plain, 1e-9) << name_of(slot) << " " << trial;
    }
  }
  EXPECT_EQ(rates.size(), 5u);
}

}  // namespace
}  // namespace matinee
