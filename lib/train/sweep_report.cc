// The report of lora-train --sweep --plan.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "lib/train/metrics.h"
#include "lib/train/run_estimate.h"
#include "lib/train/sweep_run.h"
#include "lib/train/training_resources.h"

namespace matinee {
namespace {

// Runs that are measured together: the speed of the one that trains most.
struct SpeedClass {
  std::size_t run = 0;
  std::uint64_t trained = 0;
  double speed = 0;
};

// Mean share of a run's updates that is trained. With halving few runs reach the end.
double trained_share(const std::vector<SweepRung>& rungs, std::size_t runs) {
  double share = 0, before = 0;
  for (const SweepRung& rung : rungs) {
    share += static_cast<double>(rung.runs) / static_cast<double>(runs) * (rung.share - before);
    before = rung.share;
  }
  return share;
}

std::string describe_runs(const Sweep& sweep) {
  std::string axes;
  for (const SweepAxis& axis : sweep.plan().axes) {
    if (axis.is_fixed) continue;
    std::string names;
    for (const std::string& name : axis.names) names += (names.empty() ? "" : " and ") + name;
    axes += (axes.empty() ? "" : ", ") + names;
    if (axis.range == SweepRange::kList) axes += fmt::format(" ({})", axis.values.size());
  }
  return axes;
}

std::string describe_rungs(const Sweep& sweep) {
  std::string text;
  for (const SweepRung& rung : sweep.rungs())
    text += fmt::format("{}{} to {:.3g} %", text.empty() ? "" : ", ", rung.runs, 100 * rung.share);
  return text;
}

}  // namespace

std::string plan_sweep(const SweepCall& call, const ToolContext& tool) {
  const Sweep sweep(call, tool.common().seed);
  TrainingResources resources(tool.threads(), resolve_device(tool.common().device), tool.common().max_host_mem);
  Context& context = resources.context();
  std::map<std::string, SpeedClass> classes;
  std::map<std::string, std::uint64_t> bases;
  std::vector<std::string> class_of;
  MemoryPlan largest;
  std::size_t largest_run = 0;
  for (std::size_t i = 0; i < sweep.runs().size(); ++i) {
    const auto options = sweep.options_of(sweep.runs()[i]);
    const RunInputs inputs(options->run, options->set);
    const MemoryPlan memory = inputs.memory_plan(options->run, context);
    const std::string base = options->run.base + "\n" + name_of(options->run.base_format.format(context));
    if (!options->run.full) bases[base] = memory.weights;
    class_of.push_back(fmt::format("{}\n{}\n{}\n{}", base, options->run.full, options->run.recompute,
                                   options->run.train.micro_batch_tokens));
    SpeedClass& found = classes[class_of.back()];
    if (found.trained < memory.trained) found = {i, memory.trained, 0};
    if (i == 0 || memory.host_bytes() + memory.device_bytes() > largest.host_bytes() + largest.device_bytes()) {
      largest = memory;
      largest_run = i;
    }
  }
  for (auto& [key, found] : classes) {
    const auto options = sweep.options_of(sweep.runs()[found.run]);
    found.speed = estimate_run(options->run, RunInputs(options->run, options->set), context).tokens_per_second;
  }
  const double share = trained_share(sweep.rungs(), sweep.runs().size());
  double updates = 0, tokens = 0, seconds = 0, shard_seconds = 0;
  std::size_t finished = 0;
  for (std::size_t i = 0; i < sweep.runs().size(); ++i) {
    const SweepRun& run = sweep.runs()[i];
    updates += share * static_cast<double>(run.steps);
    tokens += share * run.tokens;
    const double own = share * run.tokens / classes[class_of[i]].speed;
    seconds += own;
    if (sweep.shard().has(i)) shard_seconds += own;
    finished += run.record.status == RunStatus::kFinished ? 1 : 0;
  }
  std::string text = fmt::format("runs        {}: {}\n", with_commas(static_cast<std::int64_t>(sweep.runs().size())),
                                 describe_runs(sweep));
  if (sweep.rungs().size() > 1) text += fmt::format("rungs       {} of the updates\n", describe_rungs(sweep));
  text +=
      fmt::format("updates     {}, {} tokens\n", with_commas(std::llround(updates)), with_commas(std::llround(tokens)));
  text += fmt::format("memory      {} ({})\n", largest.describe(), sweep.runs()[largest_run].name);
  if (bases.size() > 1) text += fmt::format("bases       {}, one after another where memory is short\n", bases.size());
  text += fmt::format("time        {} expected, without validations and evaluations\n", duration_text(seconds));
  if (sweep.shard().count > 1) text += fmt::format("this shard  {} of it\n", duration_text(shard_seconds));
  if (finished > 0) text += fmt::format("finished    {} of the runs already\n", finished);
  return text;
}

}  // namespace matinee
