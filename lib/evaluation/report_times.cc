// How long everything took, and on what machine.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lib/base/options.h"
#include "lib/evaluation/report_sections.h"

namespace matinee {
namespace {

std::string seconds_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", 1000 * seconds);
  if (seconds < 120) return fmt::format("{:.1f} s", seconds);
  return fmt::format("{:.1f} min", seconds / 60);
}

void write_machine(MarkupWriter& page, const ReportedRun& run) {
  TableWriter table(page, "Machine", {"of", "value"});
  table.row("processor").words(run.processor);
  table.row("processors").words(fmt::format("{}, {} threads used", run.processors, run.threads));
  table.row("device").words(run.device);
  table.row("memory").words(format_size(run.memory_bytes));
  table.row("most memory used").words(format_size(run.peak_bytes));
  table.end();
}

void write_phases(MarkupWriter& page, const ReportData& data) {
  TableWriter table(page, "Time of each part", {"part", "time", "tokens of replies", "tokens/s"});
  for (const TrainingMetrics& metrics : data.metrics) {
    const double seconds = metrics.seconds();
    table.row("training steps of " + metrics.path).number(seconds_text(seconds));
    table.number(fmt::format("{:.0f} (trained)", metrics.tokens()));
    table.number(seconds > 0 ? fmt::format("{:.0f}", metrics.tokens() / seconds) : "");
  }
  table.row("loading the catalog and the phrases").number(seconds_text(data.run.loading_seconds)).number("").number("");
  for (const EvaluationPhase& phase : data.evaluation->phases) {
    table.row(phase.name).number(seconds_text(phase.seconds));
    table.number(phase.tokens > 0 ? std::to_string(phase.tokens) : "");
    table.number(phase.tokens > 0 && phase.seconds > 0
                     ? fmt::format("{:.0f}", static_cast<double>(phase.tokens) / phase.seconds)
                     : "");
  }
  table.end();
}

void write_latencies(MarkupWriter& page, std::vector<double> seconds, int threads) {
  if (seconds.empty()) return;
  std::sort(seconds.begin(), seconds.end());
  const auto quantile = [&](double share) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(seconds.size())));
    return seconds[std::max<std::size_t>(rank, 1) - 1];
  };
  page.element("p",
               fmt::format("A turn of self-play, from the user's line to the end of the reply, took {} in the median "
                           "and {} in 95 of 100 cases ({} turns, {} conversations at once).",
                           seconds_text(quantile(0.5)), seconds_text(quantile(0.95)), seconds.size(), threads));
  TableWriter table(page, "Time of a turn", {"quantile", "time"});
  for (const double share : {0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0})
    table.row(fmt::format("{:.0f} %", 100 * share)).number(seconds_text(quantile(share)));
  table.end();
  // Buckets that grow by a half, since times of turns are spread over orders of magnitude.
  ColumnChart chart;
  chart.title = "Distribution of the times of turns";
  chart.description = "How many turns took how long.";
  chart.x_label = "time of a turn, up to";
  chart.y_label = "turns";
  ColumnSeries turns{"turns", "s1", {}};
  const double last = seconds.back();
  double end = std::max(seconds.front(), last / 200);
  for (std::size_t taken = 0; taken < seconds.size(); end *= 1.6) {
    const auto until =
        static_cast<std::size_t>(std::upper_bound(seconds.begin(), seconds.end(), end) - seconds.begin());
    turns.values.push_back(static_cast<double>(until - taken));
    chart.categories.push_back(end < 1 ? fmt::format("{:.0f} ms", 1000 * end) : fmt::format("{:.1f} s", end));
    taken = until;
  }
  chart.series = {std::move(turns)};
  draw_chart(page, chart);
}

}  // namespace

void write_times(MarkupWriter& page, const ReportData& data) {
  write_machine(page, data.run);
  write_phases(page, data);
  std::vector<double> seconds;
  for (const PlayedConversation& conversation : data.evaluation->model.played) {
    // The opening is no answer.
    for (std::size_t i = 1; i < conversation.turns.size(); ++i) seconds.push_back(conversation.turns[i].seconds);
  }
  write_latencies(page, std::move(seconds), data.run.threads);
}

}  // namespace matinee
