// Intervals and tests beside values of statsmodels 0.15.0 and scipy 1.17.1, and of the papers.
#include "lib/evaluation/confidence.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace matinee {
namespace {

void expect_interval(const Interval& interval, double low, double high, double bound = 1e-9) {
  EXPECT_NEAR(interval.low, low, bound);
  EXPECT_NEAR(interval.high, high, bound);
}

// proportion_confint(right, all, method="wilson")
TEST(Confidence, WilsonAsInStatsmodels) {
  expect_interval(wilson_interval(19, 24), 0.5952954674681133, 0.9075517464714814);
  expect_interval(wilson_interval(0, 24), 0, 0.13797620467498026);
  expect_interval(wilson_interval(24, 24), 0.8620237953250198, 1);
  expect_interval(wilson_interval(81, 263), 0.2552885198782742, 0.36620957698280004);
}

// confint_proportions_2indep(b, n_b, a, n_a, method="newcomb", compare="diff")
TEST(Confidence, NewcombeOfIndependentSharesAsInStatsmodels) {
  expect_interval(newcombe_interval(48, 80, 56, 70), 0.05243147240236498, 0.33387265403690614);
  expect_interval(newcombe_interval(3, 10, 9, 10), 0.1705227239345029, 0.809017973535488);
}

// Newcombe 1998, Statistics in Medicine 17, 2635-2650: the tables (36, 12, 2, 0) and (53, 0, 1, 0) by method 10.
TEST(Confidence, NewcombeOfPairedSharesAsInThePaper) {
  expect_interval(newcombe_paired_interval({36, 2, 12, 0}), 0.0569, 0.3404, 5e-5);
  expect_interval(newcombe_paired_interval({53, 0, 1, 0}), -0.0496, 0.0977, 5e-5);
  // By the formula in Python, with statsmodels' Wilson intervals.
  expect_interval(newcombe_paired_interval({20, 3, 12, 30}), 0.022058526679260754, 0.24792902649352);
}

TEST(Confidence, NewcombeOfPairedSharesChangesSignWithTheRuns) {
  const Interval forth = newcombe_paired_interval({20, 3, 12, 30}), back = newcombe_paired_interval({20, 12, 3, 30});
  expect_interval(back, -forth.high, -forth.low);
}

// mcnemar(table, exact=True).pvalue
TEST(Confidence, McNemarAsInStatsmodels) {
  EXPECT_NEAR(mcnemar_p({10, 3, 12, 10}), 0.03515625, 1e-12);
  EXPECT_NEAR(mcnemar_p({10, 0, 5, 10}), 0.0625, 1e-12);
  EXPECT_NEAR(mcnemar_p({0, 7, 7, 0}), 1, 1e-12);
  EXPECT_NEAR(mcnemar_p({1, 61, 40, 2}), 0.046044066929342785, 1e-12);
  EXPECT_EQ(mcnemar_p({5, 0, 0, 5}), 1);
}

// Of 40 items i: i % 5 of 5 + i % 7 in run a; one more for every third item, at most 5, in run b.
struct Runs {
  std::vector<FigureCounts> a, b;
};
Runs runs() {
  Runs made;
  for (int i = 0; i < 40; ++i) {
    const double all = 5 + i % 7, right = i % 5;
    made.a.push_back({right, all, 0, 0});
    made.b.push_back({std::min(5.0, right + (i % 3 == 0 ? 1 : 0)), all, 0, 0});
  }
  return made;
}

// scipy.stats.bootstrap(..., paired=True, method="percentile", n_resamples=20000). Its own seeds differ by 0.0002.
TEST(Bootstrap, AsInScipy) {
  const Runs made = runs();
  const Bootstrap bootstrap(std::vector<int>(40, 0));
  expect_interval(bootstrap.intervals({made.a}).front(), 0.1965, 0.3119, 0.004);
  expect_interval(bootstrap.paired_differences({made.a}, {made.b}).front(), 0.0259, 0.0636, 0.001);
}

TEST(Bootstrap, DrawsTheSameEachTime) {
  const Runs made = runs();
  const Bootstrap bootstrap(std::vector<int>(40, 0));
  const Interval once = bootstrap.intervals({made.a, made.b})[1], again = bootstrap.intervals({made.b, made.a})[0];
  EXPECT_EQ(once.low, again.low);
  EXPECT_EQ(once.high, again.high);
}

// Where one stratum has all the items that count, the number of those drawn is always the same.
TEST(Bootstrap, StrataKeepTheirSizes) {
  std::vector<FigureCounts> items;
  std::vector<int> strata;
  for (int i = 0; i < 40; ++i) {
    items.push_back(i < 10 ? FigureCounts{1, 1, 0, 0} : FigureCounts{0, 1, 0, 0});
    strata.push_back(i < 10 ? 0 : 1);
  }
  const Interval with = Bootstrap(strata).intervals({items}).front();
  EXPECT_EQ(with.low, 0.25);
  EXPECT_EQ(with.high, 0.25);
  EXPECT_LT(Bootstrap(std::vector<int>(40, 0)).intervals({items}).front().low, 0.2);
}

TEST(Bootstrap, F1IsTheHarmonicMean) {
  EXPECT_DOUBLE_EQ(value_of({3, 4, 3, 6}), 2 * 0.75 * 0.5 / 1.25);
  EXPECT_EQ(value_of({0, 4, 0, 0}), 0);
  EXPECT_EQ(value_of({0, 0, 0, 3}), 0);
  EXPECT_EQ(value_of({0, 0, 0, 0}), 0);
}

}  // namespace
}  // namespace matinee
