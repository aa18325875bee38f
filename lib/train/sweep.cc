#include "lib/train/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/train/run_estimate.h"
#include "lib/train/run_inputs.h"
#include "lib/train/trainer.h"

namespace matinee {
namespace {

std::string text_of(const OptionTexts& options, std::string_view name) {
  std::string text;
  for (const auto& [option, value] : options) {
    if (option == name) text = value;
  }
  return text;
}

std::string hex(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

void check_command_line(const SweepCall& call, const SweepPlan& plan) {
  for (const char* name : {"metrics", "checkpoint", "snapshot"}) {
    if (!text_of(call.options, name).empty())
      throw usage_error("--{}: each run of a sweep has its own in its folder; leave it out", name);
  }
  for (const SweepAxis& axis : plan.axes) {
    for (const std::string& name : axis.names) {
      if (!text_of(call.options, name).empty())
        throw usage_error("--{}: is in {}, too; give it once", name, call.sweep.file);
    }
  }
  if (!plan.evaluate.empty() && !file_exists(call.evaluate_program))
    throw missing("{}: not found; it makes the figures", call.evaluate_program);
}

}  // namespace

Sweep::Sweep(const SweepCall& call, std::uint64_t seed)
    : call_(call),
      seed_(seed),
      text_(read_file(call.sweep.file)),
      folder_(text_of(call.options, "output")),
      plan_(parse_sweep_plan(text_, call.sweep.file)),
      shard_(parse_shard(call.sweep.shard)) {
  check_command_line(call, plan_);
  with_context(call.sweep.file, [&] {
    for (OptionTexts& settings : settings_of_runs(plan_)) {
      SweepRun& run = runs_.emplace_back();
      run.name = fmt::format("run-{:03}", runs_.size());
      run.folder = folder_ + "/" + run.name;
      run.settings = std::move(settings);
    }
    rungs_ = rungs_of(plan_, runs_.size());
  });
  for (SweepRun& run : runs_) {
    with_context(fmt::format("{} ({})", run.name, describe(run)), [&] { open_run(run); });
    if (folder_.empty()) continue;
    run.record = read_run_record(run.folder);
    require_same(run);
  }
}

std::unique_ptr<SweepRunOptions> Sweep::options_of(const SweepRun& run) const {
  auto options = std::make_unique<SweepRunOptions>();
  options->run.train.seed = seed_;
  options->assign_known(call_.options);
  for (const auto& setting : run.settings)
    with_context("--" + setting.first, [&] { options->assign(setting.first, setting.second); });
  TrainingRunOptions& all = options->run;
  all.tokens = call_.tokens;
  all.output = run.folder;
  all.metrics = run.folder + "/metrics.jsonl";
  all.resume = true;
  // A run that is killed should not begin again.
  if (!options->set.given("checkpoint-every") && !options->set.given("checkpoint-minutes"))
    all.train.checkpoint_minutes = 5;
  return options;
}

void Sweep::open_run(SweepRun& run) {
  const std::unique_ptr<SweepRunOptions> options = options_of(run);
  options->run.check();
  const RunInputs inputs(options->run, options->set);
  const bool by_loss = plan_.rank_by == "valid_loss" || plan_.search == SweepSearch::kHalving;
  if (by_loss && !inputs.valid)
    throw usage_error("--valid FILE is missing; the runs are ranked by their validation losses");
  run.steps = Trainer::count_steps(options->run.train, inputs.train);
  run.tokens = tokens_of(options->run.train, inputs.train);
  for (const auto& [name, text] : options->set.assigned()) {
    if (!determines_result(name)) continue;
    std::string& all = run.identity[name];
    all += (all.empty() ? "" : ",") + text;
  }
  for (const auto& [name, text] : run.settings) {
    if (determines_result(name) && text == "false") run.identity[name] = text;
  }
  run.identity["seed"] = std::to_string(options->run.train.seed);
  run.identity["tokens"] = hex(inputs.train.fingerprint());
  if (inputs.valid) run.identity["valid"] = hex(inputs.valid->fingerprint());
  if (plan_.search == SweepSearch::kHalving) run.identity["search"] = "halving";
}

// A run that was begun with something else belongs to another sweep.
void Sweep::require_same(const SweepRun& run) const {
  if (run.record.status == RunStatus::kWaiting) return;
  const auto refuse = [&](const std::string& what, const std::string& was, const std::string& is) {
    throw bad_data("{}: belongs to another sweep: {} was {}, and is {} now", run.folder, what,
                   was.empty() ? "not given" : was, is.empty() ? "not given" : is)
        .add_remedy("name another output folder, or remove this one");
  };
  const auto value = [](const auto& settings, const std::string& name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
  };
  for (const auto* settings : {&run.record.settings, &run.identity}) {
    for (const auto& [name, text] : *settings) {
      const std::string was = value(run.record.settings, name), is = value(run.identity, name);
      if (was != is) refuse(name, was, is);
    }
  }
  for (std::size_t rung = 0; rung < run.record.pauses.size(); ++rung) {
    const std::int64_t is = rung < rungs_.size() ? pause_of(rungs_[rung], run.steps) : 0;
    if (is != run.record.pauses[rung])
      refuse(fmt::format("the end of rung {}", rung + 1), fmt::format("step {}", run.record.pauses[rung]),
             is > 0 ? fmt::format("step {}", is) : "");
  }
}

std::string Sweep::describe(const SweepRun& run) {
  std::string text;
  for (const auto& [name, value] : run.settings)
    text.append(text.empty() ? "" : ", ").append(name).append(" ").append(value);
  return text;
}

void Sweep::refresh() {
  for (SweepRun& run : runs_) run.record = read_run_record(run.folder);
}

std::optional<std::vector<std::size_t>> Sweep::entrants(std::size_t rung) const {
  std::vector<std::size_t> runs(runs_.size());
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i] = i;
  for (std::size_t below = 0; below < rung; ++below) {
    std::vector<std::optional<double>> losses(runs_.size());
    for (const std::size_t run : runs) {
      if (!runs_[run].record.has_done(below)) return std::nullopt;
      losses[run] = runs_[run].record.loss_at(below);
    }
    runs = lowest_losses(losses, rungs_[below + 1].runs);
  }
  return runs;
}

std::string Sweep::status_of(std::size_t run) const {
  const RunRecord& record = runs_[run].record;
  if (record.status != RunStatus::kPaused && record.status != RunStatus::kStarted) return name_of(record.status);
  const std::size_t done = record.rung_losses.size();
  if (done > 0 && done < rungs_.size()) {
    const auto next = entrants(done);
    if (next && !std::binary_search(next->begin(), next->end(), run)) return "dropped";
  }
  return name_of(record.status);
}

}  // namespace matinee
