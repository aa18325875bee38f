// The runs of a sweep: a table, and the validation loss by each swept option.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

// Validation losses by the values of one option.
struct LossByOption {
  std::vector<std::pair<double, double>> numbers;  // where all values are numbers
  std::map<std::string, std::vector<double>> words;
};

LossByOption loss_by_option(const SweepTable& sweep, std::size_t option) {
  LossByOption losses;
  const std::size_t loss_column = sweep.column("valid_loss").value();
  bool all_numbers = true;
  for (const auto& row : sweep.rows) {
    const auto loss = number_of(row[loss_column]);
    if (!loss) continue;
    losses.words[row[option]].push_back(*loss);
    if (const auto value = number_of(row[option])) {
      losses.numbers.emplace_back(*value, *loss);
    } else {
      all_numbers = false;
    }
  }
  if (!all_numbers) losses.numbers.clear();
  return losses;
}

void draw_numbers(MarkupWriter& page, const std::string& option, std::vector<std::pair<double, double>> points) {
  std::sort(points.begin(), points.end());
  LineChart chart;
  chart.title = "Validation loss by " + option;
  chart.x_label = option;
  chart.y_label = "validation loss";
  chart.log_x = points.front().first > 0 && points.back().first / points.front().first >= 8;
  std::vector<std::pair<double, double>> best;
  for (const auto& point : points) {
    if (best.empty() || best.back().first != point.first) best.push_back(point);
  }
  chart.description =
      fmt::format("{} runs; each dot is one, and the line joins the best of each value.", points.size());
  chart.series = {{"runs", "s1", points, false, true}, {"best of each value", "s2", best, true, false}};
  draw_chart(page, chart);
}

void write_words(MarkupWriter& page, const std::string& option, const LossByOption& losses) {
  TableWriter table(page, "Validation loss by " + option, {option, "runs", "best", "median"});
  for (const auto& [value, all] : losses.words) {
    std::vector<double> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    table.row(value.empty() ? "(none)" : value).number(std::to_string(sorted.size()));
    table.number(fmt::format("{:.4f}", sorted.front())).number(fmt::format("{:.4f}", sorted[sorted.size() / 2]));
  }
  table.end();
}

}  // namespace

void write_sweep(MarkupWriter& page, const ReportData& data) {
  const SweepTable& sweep = *data.sweep;
  page.element("p", fmt::format("{} runs of {}, the best first.", sweep.rows.size(), sweep.path));
  for (const std::size_t option : sweep.options()) {
    const LossByOption losses = loss_by_option(sweep, option);
    if (losses.words.size() < 2) continue;
    if (losses.numbers.empty()) {
      write_words(page, sweep.columns[option], losses);
    } else {
      draw_numbers(page, sweep.columns[option], losses.numbers);
    }
  }
  // The rank is the header of a row. Paths are long, so they come last, as words.
  const std::size_t rank = sweep.column("rank").value();
  std::vector<std::string> columns{"rank"};
  for (std::size_t i = 0; i < sweep.columns.size(); ++i) {
    if (i != rank) columns.push_back(sweep.columns[i]);
  }
  TableWriter table(page, "Runs", columns);
  for (const auto& row : sweep.rows) {
    table.row(row[rank]);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == rank) continue;
      if (number_of(row[i])) {
        table.number(row[i]);
      } else {
        table.words(row[i]);
      }
    }
  }
  table.end();
}

}  // namespace matinee
