#include "lib/evaluation/report_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/evaluation/chart_scale.h"

namespace matinee {
namespace {

// The drawing area in units of the view box; on a wide page a unit is 1.5 pixels.
constexpr double kWidth = 480, kLeft = 48, kRight = 10, kTop = 12, kBottom = 38;

std::string number(double value) { return fmt::format("{:.1f}", value); }

void svg_text(MarkupWriter& page, double x, double y, std::string_view text, const char* anchor) {
  page.element("text", text, {{"x", number(x)}, {"y", number(y)}, {"text-anchor", anchor}});
}

void svg_line(MarkupWriter& page, double x1, double y1, double x2, double y2, const char* style) {
  page.empty("line",
             {{"x1", number(x1)}, {"y1", number(y1)}, {"x2", number(x2)}, {"y2", number(y2)}, {"class", style}});
}

void svg_rect(MarkupWriter& page, double x, double y, double width, double height, const std::string& style) {
  page.empty("rect", {{"x", number(x)},
                      {"y", number(y)},
                      {"width", number(std::max(width, 0.0))},
                      {"height", number(std::max(height, 0.0))},
                      {"class", style}});
}

// The beginning of a figure up to the content of its svg element.
void open_figure(MarkupWriter& page, const std::string& title, const std::string& description,
                 const std::vector<std::pair<std::string, const char*>>& legend, double height) {
  page.open("figure").element("figcaption", title);
  if (legend.size() > 1) draw_legend(page, legend);
  page.open("svg", {{"viewBox", fmt::format("0 0 {} {}", kWidth, height)}, {"role", "img"}, {"class", "chart"}});
  page.element("title", title).element("desc", description);
}

void close_figure(MarkupWriter& page) { page.close().close(); }

void draw_axes(MarkupWriter& page, const ChartScale& y, const std::string& x_label, const std::string& y_label,
               double height, bool percent) {
  for (const double tick : y.ticks(height < 150 ? 2 : 5)) {
    svg_line(page, kLeft, y.at(tick), kWidth - kRight, y.at(tick), "grid");
    svg_text(page, kLeft - 5, y.at(tick) + 4, percent ? fmt::format("{:.0f} %", 100 * tick) : tick_text(tick), "end");
  }
  svg_line(page, kLeft, height - kBottom, kWidth - kRight, height - kBottom, "axis");
  svg_text(page, (kLeft + kWidth - kRight) / 2, height - 4, x_label, "middle");
  page.element("text", y_label,
               {{"transform", fmt::format("translate(11 {:.1f}) rotate(-90)", (kTop + height - kBottom) / 2)},
                {"text-anchor", "middle"}});
}

using Point = std::pair<double, double>;

std::vector<Point> shown_points(const ChartSeries& series, bool log_x, bool log_y) {
  std::vector<Point> points;
  for (const Point& point : series.points) {
    const bool shown = std::isfinite(point.first) && std::isfinite(point.second) && (!log_x || point.first > 0) &&
                       (!log_y || point.second > 0);
    if (shown) points.push_back(point);
  }
  return points;
}

}  // namespace

void draw_legend(MarkupWriter& page, const std::vector<std::pair<std::string, const char*>>& entries) {
  page.open("ul", {{"class", "legend"}});
  for (const auto& [name, color] : entries) {
    if (name.empty()) continue;
    page.open("li").element("span", "", {{"class", std::string("swatch ") + color}}).text(name).close();
  }
  page.close();
}

void draw_chart(MarkupWriter& page, const LineChart& chart) {
  std::vector<std::vector<Point>> shown;
  std::vector<double> xs, ys;
  std::vector<std::pair<std::string, const char*>> legend;
  for (const ChartSeries& series : chart.series) {
    legend.emplace_back(series.name, series.color);
    for (const auto& [x, y] : shown.emplace_back(shown_points(series, chart.log_x, chart.log_y))) {
      xs.push_back(x);
      ys.push_back(y);
    }
  }
  if (xs.empty()) return;
  ChartScale x = scale_for(xs, chart.log_x, false), y = scale_for(ys, chart.log_y, chart.from_zero);
  x.from = kLeft;
  x.to = kWidth - kRight;
  y.from = chart.height - kBottom;
  y.to = kTop;
  open_figure(page, chart.title, chart.description, legend, chart.height);
  draw_axes(page, y, chart.x_label, chart.y_label, chart.height, false);
  for (const double tick : x.ticks(6))
    svg_text(page, x.at(tick), chart.height - kBottom + 15, tick_text(tick), "middle");
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const ChartSeries& series = chart.series[i];
    if (series.line && shown[i].size() > 1) {
      std::string path;
      for (const auto& [px, py] : shown[i])
        path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x.at(px), y.at(py));
      page.empty("path", {{"d", path}, {"class", std::string("line ") + series.color}});
    }
    if (!series.dots) continue;
    for (const auto& [px, py] : shown[i])
      page.empty("circle", {{"cx", number(x.at(px))},
                            {"cy", number(y.at(py))},
                            {"r", "3"},
                            {"class", std::string("dot ") + series.color}});
  }
  close_figure(page);
}

void draw_chart(MarkupWriter& page, const ColumnChart& chart) {
  constexpr double kHeight = 230;
  std::vector<std::pair<std::string, const char*>> legend;
  std::vector<double> tops{chart.percent ? 0.01 : 1.0};
  for (const ColumnSeries& series : chart.series) legend.emplace_back(series.name, series.color);
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    double sum = 0, most = 0;
    for (const ColumnSeries& series : chart.series) {
      sum += series.values[i];
      most = std::max(most, series.values[i]);
    }
    tops.push_back(chart.stacked ? sum : most);
  }
  ChartScale y = scale_for(tops, false, true);
  y.from = kHeight - kBottom;
  y.to = kTop;
  open_figure(page, chart.title, chart.description, legend, kHeight);
  draw_axes(page, y, chart.x_label, chart.y_label, kHeight, chart.percent);
  const double slot =
      (kWidth - kRight - kLeft) / static_cast<double>(std::max<std::size_t>(chart.categories.size(), 1));
  const double width = 0.8 * slot / (chart.stacked ? 1 : static_cast<double>(chart.series.size()));
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    const double left = kLeft + slot * (static_cast<double>(i) + 0.1);
    double base = 0;
    for (std::size_t s = 0; s < chart.series.size(); ++s) {
      const double value = chart.series[s].values[i];
      const double x = chart.stacked ? left : left + width * static_cast<double>(s);
      svg_rect(page, x, y.at(base + value), width - 1, y.at(base) - y.at(base + value),
               std::string("bar ") + chart.series[s].color);
      if (chart.stacked) base += value;
    }
    svg_text(page, left + 0.4 * slot, kHeight - kBottom + 15, chart.categories[i], "middle");
  }
  close_figure(page);
}

void draw_marks(MarkupWriter& page, const ShareMarks& marks) {
  page.open("svg", {{"viewBox", "0 0 104 14"}, {"class", "cell"}, {"aria-hidden", "true"}});
  svg_line(page, 2, 7, 102, 7, "axis");
  for (const auto& [color, value] : marks.others)
    svg_line(page, 2 + 100 * value, 2, 2 + 100 * value, 12, (std::string("tick ") + color).c_str());
  if (marks.high > marks.low) svg_line(page, 2 + 100 * marks.low, 7, 2 + 100 * marks.high, 7, "range s1");
  page.empty("circle", {{"cx", number(2 + 100 * marks.value)}, {"cy", "7"}, {"r", "3.5"}, {"class", "dot s1"}});
  page.close();
}

void draw_bars(MarkupWriter& page, const std::vector<std::pair<const char*, double>>& bars) {
  const double height = 6 * static_cast<double>(bars.size());
  page.open("svg", {{"viewBox", fmt::format("0 0 100 {}", height)}, {"class", "cell"}, {"aria-hidden", "true"}});
  for (std::size_t i = 0; i < bars.size(); ++i) {
    svg_rect(page, 0, 6 * static_cast<double>(i) + 0.5, 100 * bars[i].second, 5, std::string("bar ") + bars[i].first);
  }
  page.close();
}

}  // namespace matinee
