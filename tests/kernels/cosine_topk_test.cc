// Exactness by properties: scores that differ by less than their rounding may change places, so lists are not compared
// element by element with the reference's.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

#include "kernels/context.h"
#include "kernels/reference.h"
#include "lib/base/random.h"

namespace matinee {
namespace {

struct Problem {
  std::int64_t n_queries, n_rows, k;
  std::vector<std::int64_t> dims;
  enum class Filter { kNone, kShared, kPerQuery, kNobody } filter = Filter::kNone;
  bool planted_ties = false;
};

struct Data {
  std::vector<std::vector<float>> rows, queries, weights;
  std::vector<std::uint64_t> filter;
  std::int64_t filter_stride = 0;
};

// Rows of unit length; with ties, few different rows, repeated.
Data make_data(const Problem& p) {
  Random random(1, "topk-test", static_cast<std::uint64_t>(p.n_queries * 1000003 + p.n_rows * 101 + p.k));
  const auto uniform = [&] { return static_cast<float>(2 * random.uniform() - 1); };
  Data data;
  for (const std::int64_t dim : p.dims) {
    std::vector<float>& rows = data.rows.emplace_back();
    for (std::int64_t r = 0; r < p.n_rows; ++r) {
      if (p.planted_ties && r >= 5) {
        for (std::int64_t i = 0; i < dim; ++i) rows.push_back(rows[static_cast<std::size_t>(r % 5 * dim + i)]);
        continue;
      }
      double square = 0;
      const std::size_t start = rows.size();
      for (std::int64_t i = 0; i < dim; ++i) {
        rows.push_back(uniform());
        square += static_cast<double>(rows.back() * rows.back());
      }
      for (std::size_t i = start; i < rows.size(); ++i) rows[i] /= static_cast<float>(std::sqrt(square));
    }
    std::vector<float>& queries = data.queries.emplace_back();
    for (std::int64_t i = 0; i < p.n_queries * dim; ++i) queries.push_back(uniform());
    std::vector<float>& weights = data.weights.emplace_back();
    for (std::int64_t q = 0; q < p.n_queries; ++q) weights.push_back(uniform());
  }
  const std::int64_t words = (p.n_rows + 63) / 64;
  if (p.filter != Problem::Filter::kNone) {
    const bool each = p.filter == Problem::Filter::kPerQuery;
    data.filter_stride = each ? words : 0;
    for (std::int64_t w = 0; w < words * (each ? p.n_queries : 1); ++w) {
      data.filter.push_back(p.filter == Problem::Filter::kNobody ? 0 : random.next_u64() & random.next_u64());
    }
  }
  return data;
}

template <class T>
CosineTopkArgsOf<T> args_of(const Problem& p, const Data& data, std::int32_t* ids, T* scores) {
  CosineTopkArgsOf<T> args{};
  args.n_queries = p.n_queries;
  args.n_rows = p.n_rows;
  args.k = p.k;
  args.n_sets = static_cast<int>(p.dims.size());
  args.filter = data.filter.empty() ? nullptr : data.filter.data();
  args.filter_stride = data.filter_stride;
  args.ids = ids;
  args.scores = scores;
  return args;
}

struct Found {
  std::vector<std::int32_t> ids;
  std::vector<float> scores;
};

Found search(const Problem& p, const Data& data, int threads, IsaLevel level) {
  const auto size = static_cast<std::size_t>(p.n_queries * p.k);
  Found found{std::vector<std::int32_t>(size, -7), std::vector<float>(size, std::numeric_limits<float>::quiet_NaN())};
  CosineTopkArgs args = args_of(p, data, found.ids.data(), found.scores.data());
  for (std::size_t s = 0; s < p.dims.size(); ++s) {
    args.sets[s] = {p.dims[s], data.rows[s].data(), data.queries[s].data(), data.weights[s].data()};
  }
  ThreadPool pool(threads);
  Context context(pool, {}, level);
  cosine_topk(context, args);
  return found;
}

// Every row's score in float64, by asking the reference for all of them.
std::vector<std::vector<double>> exact_scores(const Problem& p, const Data& data) {
  Problem all = p;
  all.k = p.n_rows;
  const auto size = static_cast<std::size_t>(p.n_queries * p.n_rows);
  std::vector<std::int32_t> ids(size);
  std::vector<double> scores(size);
  std::vector<std::vector<double>> wide;
  const auto widen = [&](const std::vector<float>& from) { wide.emplace_back(from.begin(), from.end()); };
  for (std::size_t s = 0; s < p.dims.size(); ++s) {
    widen(data.rows[s]);
    widen(data.queries[s]);
    widen(data.weights[s]);
  }
  CosineTopkArgsOf<double> args = args_of(all, data, ids.data(), scores.data());
  for (std::size_t s = 0; s < p.dims.size(); ++s) {
    args.sets[s] = {p.dims[s], wide[3 * s].data(), wide[3 * s + 1].data(), wide[3 * s + 2].data()};
  }
  cosine_topk_ref(args);
  const double never = -std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> result(static_cast<std::size_t>(p.n_queries),
                                          std::vector<double>(static_cast<std::size_t>(p.n_rows), never));
  for (std::size_t i = 0; i < size; ++i) {
    if (ids[i] >= 0) result[i / static_cast<std::size_t>(p.n_rows)][static_cast<std::size_t>(ids[i])] = scores[i];
  }
  return result;
}

void expect_properties(const Problem& p, const Data& data, const Found& found) {
  const std::vector<std::vector<double>> exact = exact_scores(p, data);
  std::int64_t width = 0;
  for (const std::int64_t dim : p.dims) width += dim;
  // A sum of `width` products of numbers below 1 in all (unit rows) times queries below 1.
  const double bound = static_cast<double>(width + 4) * std::sqrt(static_cast<double>(width + 1)) / (1 << 24);
  for (std::int64_t q = 0; q < p.n_queries; ++q) {
    std::vector<double> order;
    for (const double score : exact[static_cast<std::size_t>(q)]) {
      if (std::isfinite(score)) order.push_back(score);
    }
    std::sort(order.rbegin(), order.rend());
    const auto there = std::min(p.k, static_cast<std::int64_t>(order.size()));
    std::set<std::int32_t> seen;
    for (std::int64_t i = 0; i < p.k; ++i) {
      const auto at = static_cast<std::size_t>(q * p.k + i);
      const std::int32_t id = found.ids[at];
      const float score = found.scores[at];
      if (i >= there) {
        ASSERT_EQ(id, -1);
        ASSERT_EQ(score, -std::numeric_limits<float>::infinity());
        continue;
      }
      ASSERT_TRUE(id >= 0 && id < p.n_rows) << "id " << id;
      ASSERT_TRUE(std::isfinite(score));
      ASSERT_TRUE(seen.insert(id).second) << "row " << id << " twice";
      const double own = exact[static_cast<std::size_t>(q)][static_cast<std::size_t>(id)];
      ASSERT_TRUE(std::isfinite(own)) << "row " << id << " is filtered out";
      ASSERT_NEAR(static_cast<double>(score), own, bound);
      ASSERT_TRUE(own >= order[static_cast<std::size_t>(there - 1)] - bound) << "no row of the best k";
      if (i == 0) continue;
      const bool in_order = found.scores[at - 1] > score || (found.scores[at - 1] == score && found.ids[at - 1] < id);
      ASSERT_TRUE(in_order) << "place " << i;
    }
  }
}

TEST(CosineTopk, IsExactOnEveryLevelAndAnyThreads) {
  using enum Problem::Filter;
  const std::vector<Problem> problems = {
      {0, 10, 3, {4}},
      {2, 0, 3, {4}},
      {3, 10, 0, {4}},
      {1, 1, 1, {1}},
      {1, 7, 10, {7, 1}},
      {5, 33, 33, {31}},
      {7, 257, 10, {33, 16, 5}},
      {33, 1001, 25, {64, 64, 64, 3}},
      {6, 500, 40, {32, 17}, kShared},
      {6, 500, 400, {32, 17}, kPerQuery},
      {3, 100, 5, {16}, kNobody},
      {4, 300, 20, {24, 8}, kNone, true},
      {3, 40000, 12, {8, 8}, kPerQuery},
      {2, 40000, 12, {5, 3}, kNone, true},
  };
  int checked = 0;
  for (const Problem& p : problems) {
    const Data data = make_data(p);
    for (const IsaLevel level : {IsaLevel::kAvx2, IsaLevel::kAvx512}) {
      if (level > isa_level()) continue;
      SCOPED_TRACE(fmt::format("n_queries={} n_rows={} k={} sets={} {}", p.n_queries, p.n_rows, p.k, p.dims.size(),
                               name_of(level)));
      const Found found = search(p, data, 1, level);
      expect_properties(p, data, found);
      if (HasFatalFailure()) return;
      for (const int threads : {2, 7}) {
        const Found again = search(p, data, threads, level);
        EXPECT_EQ(found.ids, again.ids);
        EXPECT_EQ(found.scores, again.scores);
      }
      ++checked;
    }
  }
  EXPECT_GE(checked, 14);
}

TEST(CosineTopk, ScoreDoesNotDependOnTheOtherQueries) {
  const Problem p{9, 200, 200, {40, 7}};
  const Data data = make_data(p);
  const Found together = search(p, data, 1, isa_level());
  for (std::int64_t q = 0; q < p.n_queries; ++q) {
    Problem single = p;
    single.n_queries = 1;
    Data own = data;
    for (std::size_t s = 0; s < p.dims.size(); ++s) {
      own.queries[s].assign(data.queries[s].begin() + q * p.dims[s], data.queries[s].begin() + (q + 1) * p.dims[s]);
      own.weights[s] = {data.weights[s][static_cast<std::size_t>(q)]};
    }
    const Found alone = search(single, own, 1, isa_level());
    for (std::int64_t i = 0; i < p.k; ++i) {
      const auto at = static_cast<std::size_t>(q * p.k + i), place = static_cast<std::size_t>(i);
      ASSERT_EQ(alone.ids[place], together.ids[at]);
      ASSERT_EQ(alone.scores[place], together.scores[at]);
    }
  }
}

TEST(CosineTopk, NanScoresAreLeftOut) {
  Problem p{1, 70, 70, {3}};
  Data data = make_data(p);
  data.rows[0][3 * 20] = std::numeric_limits<float>::quiet_NaN();
  const Found found = search(p, data, 1, isa_level());
  EXPECT_EQ(std::count(found.ids.begin(), found.ids.end(), 20), 0);
  EXPECT_EQ(std::count(found.ids.begin(), found.ids.end(), -1), 1);
}

}  // namespace
}  // namespace matinee
