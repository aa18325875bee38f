// Confidence intervals of shares, of figures made of many items, and of differences between two runs; all at 95 %.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lib/evaluation/figure_rows.h"

namespace matinee {

struct Interval {
  double low = 0, high = 0;
};

/// Of a share of `right` among `all` > 0 independent items.
/// Wilson 1927, "Probable inference, the law of succession, and statistical inference".
Interval wilson_interval(double right, double all);

/// Of the difference b - a of two shares of different items.
/// Newcombe 1998, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17,
/// 873-890, method 10.
Interval newcombe_interval(double right_a, double all_a, double right_b, double all_b);

/// Items that two runs answered with yes or no.
struct PairedAnswers {
  std::int64_t both = 0, only_a = 0, only_b = 0, neither = 0;
  std::int64_t all() const { return both + only_a + only_b + neither; }
};
/// Of the difference b - a of two shares of the same items.
/// Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on paired data",
/// Statistics in Medicine 17, 2635-2650, method 10.
Interval newcombe_paired_interval(const PairedAnswers& answers);
/// The two-sided p-value that a and b are equally often right, given how often only one of them was: an exact binomial
/// test. McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages".
double mcnemar_p(const PairedAnswers& answers);

/// Of a figure, by drawing the items again with replacement and taking the 2.5 % and 97.5 % quantiles of 10,000 draws.
/// Efron 1979, "Bootstrap methods: another look at the jackknife". `strata` has for each item a number; items are drawn
/// within their stratum. Random numbers depend on the number of items only.
class Bootstrap {
 public:
  explicit Bootstrap(std::vector<int> strata);
  /// Each list has an item for each of `strata`; the intervals come in the order of the lists.
  std::vector<Interval> intervals(const std::vector<std::span<const FigureCounts>>& figures) const;
  /// Of the differences b - a of figures of the same items, which are drawn together.
  /// Koehn 2004, "Statistical significance tests for machine translation evaluation", EMNLP.
  std::vector<Interval> paired_differences(const std::vector<std::span<const FigureCounts>>& a,
                                           const std::vector<std::span<const FigureCounts>>& b) const;

 private:
  template <class Value>
  std::vector<Interval> quantiles(std::size_t figures, const Value& value) const;

  std::vector<std::vector<std::size_t>> items_of_stratum_;
  std::size_t items_;
};

/// Of the difference b - a of a figure of different items: the two intervals combined as in newcombe_interval.
Interval unpaired_difference(double a, const Interval& of_a, double b, const Interval& of_b);

}  // namespace matinee
