#pragma once

#include <string>
#include <vector>

namespace matinee {

/// Maps values to coordinates of a chart, linearly or by their logarithms.
struct ChartScale {
  double low = 0, high = 1;  ///< values; low < high, and 0 < low with `log`
  double from = 0, to = 1;   ///< coordinates
  bool log = false;

  double at(double value) const;
  /// About `count` round values within the range, ascending.
  std::vector<double> ticks(int count) const;
};

/// The scale whose range holds all values, with some room.
ChartScale scale_for(std::vector<double> values, bool log, bool from_zero);

/// "0.25", "1500", "20k", "1e-04".
std::string tick_text(double value);

}  // namespace matinee
