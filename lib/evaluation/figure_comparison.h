#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/evaluation/confidence.h"
#include "lib/evaluation/evaluation.h"
#include "lib/evaluation/figure_items.h"

namespace matinee {

/// A figures.json of an earlier run, as far as runs are compared.
struct EarlierFigures {
  std::string path;
  std::map<std::string, double, std::less<>> model;  ///< by key
  FigureItems items, turn_items;                     ///< empty where the file has none
};
/// Throws Error with the path: kMissing, or kBadData where the file holds no figures of a model.
EarlierFigures read_earlier_figures(const std::string& path);

/// A figure of two runs.
struct ComparedFigure {
  std::string title;
  bool percent = true;
  double before = 0, now = 0;
  std::optional<Interval> difference;  ///< of now - before; without items there is none
  std::optional<double> p;             ///< of McNemar's test, where each item is right or wrong
};

/// Figures of the same kind of items.
struct ComparedPart {
  std::string title;                            ///< "conversations", "labelled turns"
  std::size_t common = 0, before = 0, now = 0;  ///< how many items; `common`: in both
  bool paired = false;                          ///< compared over the common items, else over all of each
  std::vector<ComparedFigure> figures;
};

/// Compares what both runs measured. Items with the same key are the same conversation or turn; where at least half of
/// the smaller run's items are in the other, these are compared one by one. Fixed random numbers.
std::vector<ComparedPart> compare_figures(const EarlierFigures& before, const Evaluation& now);

/// The comparison as text.
std::string comparison_table(const std::vector<ComparedPart>& parts, const std::string& path);
/// What the intervals are, in a sentence.
std::string comparison_method(const ComparedPart& part);

/// The number of each item's stratum, in the order of first occurrence. A stratum is the part of a key before its
/// colon.
std::vector<int> strata_of(const std::vector<std::string>& keys);

/// The 95 % intervals of the figures of a run by their keys: Wilson's where each item is yes or no, else the
/// bootstrap's, which has none where all items are alike. Empty for fewer than 8 items.
std::map<std::string, Interval, std::less<>> figure_intervals(const FigureItems& items);

}  // namespace matinee
