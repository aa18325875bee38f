#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "lib/evaluation/figures.h"

namespace matinee {

/// The counts that a figure is made of; those of several conversations are added element by element. A share or mean is
/// [0] / [1]. F1 is the harmonic mean of [0] / [1] and [2] / [3].
using FigureCounts = std::array<double, 4>;
double value_of(const FigureCounts& counts);
FigureCounts& operator+=(FigureCounts& sum, const FigureCounts& other);

/// A line of the table of an evaluation.
struct FigureRow {
  std::string key, title;
  std::function<FigureCounts(const Figures&)> counts;  ///< empty where the figure is no ratio of sums
  std::function<double(const Figures&)> other_value;   ///< where `counts` is empty
  bool percent = true;
  bool of_model_only = false;  ///< trivial for the templates
  bool of_wording = false;     ///< trivial for the rule, which has the templates' wording
  bool yes_or_no = false;      ///< each conversation counts 0 or 1

  double value(const Figures& figures) const { return counts ? value_of(counts(figures)) : other_value(figures); }
  /// The value as the table has it: "75.0 %", "3.47".
  std::string text(double value) const;
};

/// All lines, in the order of the table.
const std::vector<FigureRow>& figure_rows();
/// False for the accuracy of tokens where it was not measured.
bool is_measured(const FigureRow& row, const Figures& figures);

}  // namespace matinee
