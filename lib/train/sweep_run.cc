#include "lib/train/sweep_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/train/run_estimate.h"
#include "lib/train/sweep_figures.h"
#include "lib/train/sweep_table.h"
#include "lib/train/trainer.h"
#include "lib/train/training_run.h"

namespace matinee {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Keeps other processes from training the same run. Where the file system has no such locks, there is none.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) : descriptor_(open(folder.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0 || flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    close(descriptor_);
    throw resource_error("{}: another process is training this run", folder)
        .add_remedy("wait for it, or give each process a part of the sweep with --shard");
  }
  ~FolderLock() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

class SweepTraining {
 public:
  SweepTraining(const SweepCall& call, const ToolContext& tool)
      : sweep_(call, tool.common().seed),
        tool_(tool),
        resources_(tool.threads(), resolve_device(tool.common().device), tool.common().max_host_mem) {}
  int run();

 private:
  bool train_rung(std::size_t rung, const std::vector<std::size_t>& entrants);
  bool train(SweepRun& run, std::size_t rung);
  RunOutcome train_to_pause(SweepRun& run, std::int64_t pause, double minutes_left);
  void evaluate(SweepRun& run);
  void record(SweepRun& run, const RunOutcome& outcome, std::int64_t pause);
  void report(const SweepRun& run, double seconds);
  double tokens_left(std::size_t rung) const;
  std::string label_of(const SweepRun& run) const;
  int conclude();

  Sweep sweep_;
  const ToolContext& tool_;
  TrainingResources resources_;
  SingleRank alone_;
  Clock::time_point start_ = Clock::now();
  double tokens_done_ = 0, seconds_done_ = 0;  // by this process, for the time left
  std::size_t rung_ = 0;
  int status_ = 0;
};

// "run-003 of 12".
std::string SweepTraining::label_of(const SweepRun& run) const {
  return fmt::format("{} of {}", run.name, sweep_.runs().size());
}

// Tokens that this process has yet to train on: what is left of this rung, and its share of the later ones.
double SweepTraining::tokens_left(std::size_t rung) const {
  const auto& rungs = sweep_.rungs();
  double tokens = 0, mean = 0;
  const auto entrants = sweep_.entrants(rung);
  const double before = rung > 0 ? rungs[rung - 1].share : 0;
  for (std::size_t i = 0; i < sweep_.runs().size(); ++i) {
    const SweepRun& run = sweep_.runs()[i];
    mean += run.tokens / static_cast<double>(sweep_.runs().size());
    const bool is_mine = sweep_.shard().has(i) && entrants && std::binary_search(entrants->begin(), entrants->end(), i);
    if (is_mine && !run.record.has_done(rung)) tokens += run.tokens * (rungs[rung].share - before);
  }
  for (std::size_t later = rung + 1; later < rungs.size(); ++later)
    tokens += mean * static_cast<double>(rungs[later].runs) * (rungs[later].share - rungs[later - 1].share) /
              static_cast<double>(sweep_.shard().count);
  return tokens;
}

// One line for a run that has ended or paused, with its place among the others and the time left.
void SweepTraining::report(const SweepRun& run, double seconds) {
  const RunRecord& record = run.record;
  std::string text = fmt::format("{} ({}): {}", label_of(run), Sweep::describe(run), name_of(record.status));
  if (record.status == RunStatus::kPaused) text += fmt::format(" after step {}", record.steps);
  if (record.valid_loss) text += fmt::format(", validation loss {:.4f}", *record.valid_loss);
  const std::string& by = sweep_.plan().rank_by;
  if (const auto figure = by == "valid_loss" ? std::nullopt : figure_of(run, by))
    text += fmt::format(", {} {:.4g}", by, *figure);
  const std::vector<std::size_t> order = ranking(sweep_);
  for (std::size_t place = 0; place < order.size(); ++place) {
    if (&sweep_.runs()[order[place]] == &run) text += fmt::format(", place {} of {} so far", place + 1, order.size());
  }
  if (!record.message.empty()) text += ": " + record.message;
  text += "; took " + duration_text(seconds);
  const double left = tokens_left(rung_);
  if (left > 0 && tokens_done_ > 0)
    text += fmt::format(", about {} left", duration_text(left / tokens_done_ * seconds_done_));
  tool_.note(text);
}

RunOutcome SweepTraining::train_to_pause(SweepRun& run, std::int64_t pause, double minutes_left) {
  const std::unique_ptr<SweepRunOptions> options = sweep_.options_of(run);
  options->run.train.time_limit_minutes = minutes_left;
  const RunOutcome outcome = run_training({.options = options->run,
                                           .given = options->set,
                                           .pause_after = pause,
                                           .label = label_of(run),
                                           .how_to_continue = "the same command"},
                                          resources_, tool_, alone_);
  if ((outcome.is_finished || outcome.is_paused) && sweep_.call().after_run) sweep_.call().after_run(options->run);
  return outcome;
}

void SweepTraining::record(SweepRun& run, const RunOutcome& outcome, std::int64_t pause) {
  RunRecord& record = run.record;
  const TrainProgress& progress = outcome.progress;
  record.message.clear();
  record.steps = progress.step;
  record.best_step = progress.best_step;
  if (outcome.is_paused) {
    record.status = RunStatus::kPaused;
    record.valid_loss = outcome.valid_loss;
    record.pauses.push_back(pause);
    record.rung_losses.push_back(outcome.valid_loss.value_or(0));
    return;
  }
  record.status = RunStatus::kFinished;
  record.valid_loss.reset();
  if (progress.best_step > 0) record.valid_loss = progress.best_valid_loss;
}

void SweepTraining::evaluate(SweepRun& run) {
  const auto start = Clock::now();
  try {
    evaluate_run(sweep_, run, tool_.threads());
    run.record.evaluated = sweep_.plan().evaluate;
    run.record.message.clear();
  } catch (const Error& error) {
    if (stop_requested()) return;
    run.record.evaluated.clear();
    run.record.message = error.what();
    status_ = 1;
  }
  run.record.seconds += seconds_since(start);
  write_run_record(run.folder, run.record);
  // A figure that is not there would be missing in every run.
  for (const std::string& figure : sweep_.plan().figures)
    with_context(sweep_.call().sweep.file, [&] { static_cast<void>(figure_of(run, figure)); });
}

// Returns false where the sweep has to stop.
bool SweepTraining::train(SweepRun& run, std::size_t rung) {
  RunRecord& record = run.record;
  const double limit = sweep_.options_of(run)->run.train.time_limit_minutes;
  const double minutes_left = limit > 0 ? limit - seconds_since(start_) / 60 : 0;
  if (stop_requested() || (limit > 0 && minutes_left <= 0)) return false;
  make_folders(run.folder);
  const FolderLock lock(run.folder);
  const auto start = Clock::now();
  record.settings = run.identity;
  record.status = RunStatus::kStarted;
  write_run_record(run.folder, record);
  const std::int64_t pause = pause_of(sweep_.rungs()[rung], run.steps);
  try {
    const RunOutcome outcome = train_to_pause(run, pause, minutes_left);
    if (!outcome.is_finished && !outcome.is_paused) {
      status_ = outcome.status;
      return false;
    }
    this->record(run, outcome, pause);
  } catch (const TrainingDiverged& error) {
    record.status = RunStatus::kDiverged;
    record.message = error.what();
  } catch (const Error& error) {
    record.status = RunStatus::kFailed;
    record.message = error.what();
  } catch (const std::bad_alloc&) {
    record.status = RunStatus::kFailed;
    record.message = out_of_memory_text();
  }
  if (record.status == RunStatus::kFailed) status_ = 1;
  record.seconds += seconds_since(start);
  write_run_record(run.folder, record);
  tokens_done_ += run.tokens * (sweep_.rungs()[rung].share - (rung > 0 ? sweep_.rungs()[rung - 1].share : 0));
  return true;
}

// Returns false where the sweep has to stop.
bool SweepTraining::train_rung(std::size_t rung, const std::vector<std::size_t>& entrants) {
  rung_ = rung;
  // Runs on the same base follow each other, so that memory need not hold several.
  std::vector<std::pair<std::string, std::size_t>> order;
  for (const std::size_t i : entrants) {
    if (!sweep_.shard().has(i)) continue;
    std::string base;
    for (const char* name : {"base", "base-format", "recompute"}) {
      const auto found = sweep_.runs()[i].identity.find(name);
      base += (found == sweep_.runs()[i].identity.end() ? "" : found->second) + "\n";
    }
    order.emplace_back(std::move(base), i);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [base, i] : order) {
    SweepRun& run = sweep_.runs()[i];
    const auto start = Clock::now();
    const bool is_failed = run.record.status == RunStatus::kFailed;
    const bool needs_training = is_failed || !run.record.has_done(rung);
    if (needs_training && !train(run, rung)) return false;
    const bool needs_figures = run.record.status == RunStatus::kFinished && !sweep_.plan().evaluate.empty() &&
                               run.record.evaluated != sweep_.plan().evaluate;
    if (needs_figures) evaluate(run);
    if (stop_requested()) return false;
    if (!needs_training && !needs_figures) continue;
    seconds_done_ += seconds_since(start);
    write_sweep_table(sweep_);
    report(run, seconds_since(start));
  }
  return true;
}

int SweepTraining::conclude() {
  write_sweep_table(sweep_);
  const std::vector<std::size_t> order = ranking(sweep_);
  std::size_t left = 0;
  for (std::size_t run = 0; run < sweep_.runs().size(); ++run) {
    const std::string status = sweep_.status_of(run);
    left += status == "waiting" || status == "started" || status == "paused" ? 1 : 0;
  }
  if (order.empty()) {
    tool_.note(fmt::format("no run has a result yet; their states are in {}/sweep.tsv", sweep_.folder()));
    return left > 0 ? status_ : 1;
  }
  const SweepRun& best = sweep_.runs()[order.front()];
  tool_.note(fmt::format("best of {}: {} ({}), in {}/best; the others are in {}/sweep.tsv", order.size(), best.name,
                         Sweep::describe(best), sweep_.folder(), sweep_.folder()));
  if (left > 0) tool_.note(fmt::format("runs left for other shards or another call: {}", left));
  return status_;
}

int SweepTraining::run() {
  if (sweep_.folder().empty()) throw usage_error("--output DIR is missing");
  make_folders(sweep_.folder());
  write_file(sweep_.folder() + "/sweep.json", sweep_.text());
  watch_stop_signals();
  for (std::size_t rung = 0; rung < sweep_.rungs().size(); ++rung) {
    sweep_.refresh();
    const auto entrants = sweep_.entrants(rung);
    if (!entrants) {
      tool_.note(
          fmt::format("rung {} of {} needs the runs of other shards; when those are done, the same command "
                      "continues",
                      rung + 1, sweep_.rungs().size()));
      break;
    }
    if (!train_rung(rung, *entrants)) {
      write_sweep_table(sweep_);
      return status_;
    }
  }
  return conclude();
}

}  // namespace

int run_sweep(const SweepCall& call, const ToolContext& tool) { return SweepTraining(call, tool).run(); }

}  // namespace matinee
