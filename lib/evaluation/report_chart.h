// Charts as SVG in a figure, with a legend in HTML. Colors are classes s1 to s4 of the page's style.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/evaluation/report_markup.h"

namespace matinee {

struct ChartSeries {
  std::string name;   ///< "" is not in the legend
  const char* color;  ///< "s1" ...; "s1 faint"
  std::vector<std::pair<double, double>> points;
  bool line = true, dots = false;
};

struct LineChart {
  std::string title, description;
  std::string x_label, y_label;
  std::vector<ChartSeries> series;
  bool log_x = false, log_y = false, from_zero = false;
  double height = 250;
};
/// Points that a logarithmic axis cannot show are left out. Nothing is drawn without points.
void draw_chart(MarkupWriter& page, const LineChart& chart);

struct ColumnSeries {
  std::string name;
  const char* color;
  std::vector<double> values;  ///< one for each category
};
struct ColumnChart {
  std::string title, description;
  std::string x_label, y_label;
  std::vector<std::string> categories;
  std::vector<ColumnSeries> series;
  bool percent = false;  ///< values are shares
  bool stacked = false;
};
void draw_chart(MarkupWriter& page, const ColumnChart& chart);

/// Values of one thing in several systems on a line from 0 to 1, in a cell of a table: a dot for the first, with its
/// interval, and ticks for others.
struct ShareMarks {
  double value = 0;
  double low = 0, high = 0;                            ///< of the interval; none where both are 0
  std::vector<std::pair<const char*, double>> others;  ///< color, value
};
void draw_marks(MarkupWriter& page, const ShareMarks& marks);

/// Horizontal bars of shares, one above the other, in a cell of a table: color and value.
void draw_bars(MarkupWriter& page, const std::vector<std::pair<const char*, double>>& bars);

/// The names of colors, as a list.
void draw_legend(MarkupWriter& page, const std::vector<std::pair<std::string, const char*>>& entries);

}  // namespace matinee
