#include "lib/vectors/person_embedding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "lib/vectors/mutual_information.h"
#include "tests/vectors/random_sparse.h"
#include "tests/vectors/sample_catalog.h"

namespace matinee {
namespace {

using testing::SampleCatalog;

double cosine(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

// Positive weights.
SparseRows positive(SparseRows matrix) {
  for (float& value : matrix.values) value = std::abs(value) + 0.1f;
  return matrix;
}

TEST(MutualInformation, IsThatOfTheDefinitionInFloat64) {
  ThreadPool pool(2);
  constexpr std::int32_t movies = 60, n_people = 25, n_contexts = 40;
  const SparseRows who = positive(testing::random_sparse(movies, n_people, 0.05, 1));
  const SparseRows contexts = positive(testing::random_sparse(movies, n_contexts, 0.2, 2));
  const MutualInformation found(who, contexts, 2, pool);
  // Dense counts of the people with at least two movies.
  const std::vector<std::int32_t> credits = column_counts(who);
  std::vector<std::vector<double>> counts(n_people, std::vector<double>(n_contexts, 0.0));
  for (std::int32_t movie = 0; movie < movies; ++movie) {
    for (std::size_t i = 0; i < who.columns_of(movie).size(); ++i) {
      for (std::size_t j = 0; j < contexts.columns_of(movie).size(); ++j)
        counts[static_cast<std::size_t>(who.columns_of(movie)[i])]
              [static_cast<std::size_t>(contexts.columns_of(movie)[j])] +=
            static_cast<double>(who.values_of(movie)[i]) * contexts.values_of(movie)[j];
    }
  }
  std::vector<double> smoothed(n_contexts, 0.0);
  double total = 0;
  std::vector<std::int32_t> people;
  for (std::int32_t person = 0; person < n_people; ++person) {
    if (credits[static_cast<std::size_t>(person)] < 2) continue;
    people.push_back(person);
    for (std::size_t c = 0; c < n_contexts; ++c) smoothed[c] += counts[static_cast<std::size_t>(person)][c];
  }
  for (double& sum : smoothed) total += sum = std::pow(sum, 0.75);
  ASSERT_TRUE(std::equal(people.begin(), people.end(), found.people().begin(), found.people().end()));
  ASSERT_LT(people.size(), static_cast<std::size_t>(n_people));
  MutualInformation::Row row;
  std::int64_t positive_values = 0;
  for (std::int32_t at = 0; at < found.rows(); ++at) {
    const auto& of_person = counts[static_cast<std::size_t>(people[static_cast<std::size_t>(at)])];
    double sum = 0;
    for (const double count : of_person) sum += count;
    std::vector<double> wanted(n_contexts, 0.0), values(n_contexts, 0.0);
    for (std::size_t c = 0; c < n_contexts; ++c)
      wanted[c] = of_person[c] > 0 ? std::max(0.0, std::log(of_person[c] * total / (sum * smoothed[c]))) : 0;
    found.make(at, row);
    ASSERT_EQ(row.columns.size(), row.values.size());
    for (std::size_t i = 0; i < row.columns.size(); ++i)
      values[static_cast<std::size_t>(row.columns[i])] = row.values[i];
    for (std::size_t c = 0; c < n_contexts; ++c) EXPECT_NEAR(values[c], wanted[c], 1e-5) << at << " " << c;
    positive_values += static_cast<std::int64_t>(row.columns.size());
  }
  EXPECT_GT(positive_values, 100);
}

TEST(PersonEmbedding, PlacesPeopleWhoWorkTogetherNearEachOther) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  const PersonVectors people = PersonEmbedding(movie_features(*sample.catalog, pool), 128, 1, pool).actors(pool);
  const auto actor = [&](const char* name) {
    const std::int32_t row = people.row_of[static_cast<std::size_t>(sample.person(name))];
    return std::span(people.rows).subspan(static_cast<std::size_t>(row * people.dim), 128);
  };
  const double colleagues = cosine(actor("Elijah Wood"), actor("Viggo Mortensen"));
  const double strangers = cosine(actor("Elijah Wood"), actor("John Wayne"));
  EXPECT_GT(colleagues, strangers + 0.1);
}

// How far the cosines of people of one movie are above those of random pairs, in standard deviations of the latter.
double separation(const PersonVectors& people, const SparseRows& cast) {
  const auto row = [&](std::int32_t at) {
    return std::span(people.rows)
        .subspan(static_cast<std::size_t>(at * people.dim), static_cast<std::size_t>(people.dim));
  };
  double together = 0, strangers = 0, squares = 0;
  std::int64_t n_together = 0;
  for (std::int32_t movie = 0; movie < cast.rows(); ++movie) {
    std::int32_t before = -1;
    for (const std::int32_t person : cast.columns_of(movie)) {
      const std::int32_t at = people.row_of[static_cast<std::size_t>(person)];
      if (at >= 0 && before >= 0) {
        together += cosine(row(before), row(at));
        ++n_together;
      }
      before = at >= 0 ? at : before;
    }
  }
  Random random(1, "pairs");
  const auto count = static_cast<std::uint64_t>(people.rows.size()) / static_cast<std::uint64_t>(people.dim);
  constexpr int kPairs = 5000;
  for (int i = 0; i < kPairs; ++i) {
    const double value = cosine(row(static_cast<std::int32_t>(random.below(count))),
                                row(static_cast<std::int32_t>(random.below(count))));
    strangers += value / kPairs;
    squares += value * value / kPairs;
  }
  return (together / static_cast<double>(n_together) - strangers) / std::sqrt(squares - strangers * strangers);
}

TEST(PersonEmbedding, BoundedMatrixGivesEverybodyAVectorNearTheirColleagues) {
  const SampleCatalog& sample = SampleCatalog::shared();
  ThreadPool pool(2);
  const MovieFeatures features = movie_features(*sample.catalog, pool);
  const PersonVectors all = PersonEmbedding(features, 64, 1, pool).actors(pool);
  const auto rows = static_cast<std::int32_t>(all.rows.size()) / 64;
  ASSERT_GT(rows, 2000);
  const PersonVectors some = PersonEmbedding(features, 64, 1, pool, {}, rows / 2, rows / 2).actors(pool);
  EXPECT_EQ(some.row_of, all.row_of);
  for (std::int32_t at = 0; at < rows; ++at) {
    const auto row = std::span(some.rows).subspan(static_cast<std::size_t>(at) * 64, 64);
    ASSERT_NEAR(cosine(row, row), 1, 1e-5);
  }
  EXPECT_GT(separation(all, features.cast), 2);
  EXPECT_GT(separation(some, features.cast), 0.75 * separation(all, features.cast));
}

}  // namespace
}  // namespace matinee
