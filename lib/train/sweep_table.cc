#include "lib/train/sweep_table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/unfinished_file.h"
#include "lib/train/sweep_figures.h"

namespace matinee {
namespace {

std::optional<double> value_of(const Sweep& sweep, std::size_t run) {
  const SweepRun& at = sweep.runs()[run];
  if (at.record.status != RunStatus::kFinished) return std::nullopt;
  return sweep.plan().rank_by == "valid_loss" ? at.record.valid_loss : figure_of(at, sweep.plan().rank_by);
}

// Where a run that has no rank comes: finished runs first, then those that went further, then the better ones.
auto place_of(const Sweep& sweep, std::size_t run) {
  const RunRecord& record = sweep.runs()[run].record;
  int kind = 5;
  switch (record.status) {
    case RunStatus::kFinished: kind = 0; break;
    case RunStatus::kPaused:
    case RunStatus::kStarted: kind = record.rung_losses.empty() ? 2 : 1; break;
    case RunStatus::kWaiting: kind = 3; break;
    case RunStatus::kDiverged: kind = 4; break;
    case RunStatus::kFailed: break;
  }
  const double loss = record.rung_losses.empty() ? 0 : record.rung_losses.back();
  return std::tuple(kind, -static_cast<std::int64_t>(record.rung_losses.size()), loss, run);
}

std::string cell(const std::optional<double>& value) { return value ? fmt::format("{:.6g}", *value) : "\\N"; }

// A message is one cell.
std::string cell(std::string text) {
  for (char& c : text) c = c == '\t' || c == '\n' || c == '\r' ? ' ' : c;
  return text.empty() ? "\\N" : text;
}

void point_best(const Sweep& sweep, std::size_t best) {
  const std::string link = sweep.folder() + "/best", &target = sweep.runs()[best].name;
  std::error_code none;
  if (std::filesystem::read_symlink(link, none) == target) return;
  UnfinishedFile next = UnfinishedFile::name_for(link);
  if (symlink(target.c_str(), next.path().c_str()) != 0 || std::rename(next.path().c_str(), link.c_str()) != 0)
    throw resource_error("{}: cannot be made a link to {}: {}", link, target, std::strerror(errno));
  next.keep();
}

}  // namespace

std::vector<std::size_t> ranking(const Sweep& sweep) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t run = 0; run < sweep.runs().size(); ++run) {
    if (const auto value = value_of(sweep, run))
      order.emplace_back(sweep.plan().lower_is_better ? *value : -*value, run);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> runs;
  for (const auto& [value, run] : order) runs.push_back(run);
  return runs;
}

std::string sweep_table(const Sweep& sweep) {
  const SweepPlan& plan = sweep.plan();
  std::vector<std::size_t> order = ranking(sweep);
  const std::size_t ranked = order.size();
  std::vector<std::size_t> rest;
  for (std::size_t run = 0; run < sweep.runs().size(); ++run) {
    if (std::find(order.begin(), order.end(), run) == order.end()) rest.push_back(run);
  }
  std::sort(rest.begin(), rest.end(), [&](auto a, auto b) { return place_of(sweep, a) < place_of(sweep, b); });
  order.insert(order.end(), rest.begin(), rest.end());

  std::string text = "rank\trun\tstatus";
  for (const std::string& figure : plan.figures) text += "\t" + figure;
  text += "\tvalid_loss\tbest_step\tsteps";
  for (const SweepAxis& axis : plan.axes) {
    for (const std::string& name : axis.names) text += axis.is_fixed ? "" : "\t" + name;
  }
  text += "\tmessage\n";
  for (std::size_t place = 0; place < order.size(); ++place) {
    const SweepRun& run = sweep.runs()[order[place]];
    const RunRecord& record = run.record;
    text += fmt::format("{}\t{}\t{}", place < ranked ? std::to_string(place + 1) : "\\N", run.name,
                        sweep.status_of(order[place]));
    for (const std::string& figure : plan.figures) text += "\t" + cell(figure_of(run, figure));
    text += fmt::format("\t{}\t{}\t{}", cell(record.valid_loss), record.best_step, record.steps);
    std::size_t setting = 0;
    for (const SweepAxis& axis : plan.axes) {
      for (std::size_t i = 0; i < axis.names.size(); ++i, ++setting)
        text += axis.is_fixed ? "" : "\t" + cell(run.settings[setting].second);
    }
    text += "\t" + cell(record.message) + "\n";
  }
  return text;
}

void write_sweep_table(Sweep& sweep) {
  // A process that records a run writes the table afterwards. So a process that replaced a table that held more, or
  // wrote one while a run was recorded, finds a difference here and writes again.
  sweep.refresh();
  for (std::string table = sweep_table(sweep), written; table != written;) {
    write_file(sweep.folder() + "/sweep.tsv", table);
    if (const std::vector<std::size_t> order = ranking(sweep); !order.empty()) point_best(sweep, order.front());
    written = std::move(table);
    sweep.refresh();
    table = sweep_table(sweep);
  }
}

}  // namespace matinee
