#include "lib/evaluation/evaluation_run.h"

#include <chrono>
#include <optional>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/evaluation/rule_reading.h"
#include "lib/evaluation/turn_scores.h"

namespace matinee {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// How the model and a rule without a model understand labelled turns.
TurnScores score_labelled_turns(const ChatSystem& system, const EvaluationRunOptions& options, ToolContext& tool) {
  const std::vector<ScoredTurn> turns = read_scored_turns(options.turns);
  const std::uint64_t seed = tool.common().seed;
  TurnScores scores;
  scores.model =
      score_model(system, options.chat.model, turns, seed, tool.threads(), resolve_device(tool.common().device));
  RuleReading rule(system);
  ThreadPool one(1);
  scores.rule = score_turns(
      system, turns, seed, one, [&](int) -> Understanding& { return rule; }, progress_of(tool));
  return scores;
}

std::vector<std::pair<std::string, TurnScore>> columns_of(const TurnScores& scores) {
  return {{"model", scores.model}, {"rule", scores.rule}};
}

void print(std::string_view text) {
  OutputFile out("-");
  out.write(text);
  out.commit();
}

// Returns the exit status.
int compare_with_rule(const EvaluationRunOptions& options, const TurnScores& scores, ToolContext& tool) {
  if (!options.fail_below_rule || !is_below(scores.model, scores.rule)) return 0;
  tool.note("the model's act or slot F1 is below the rule's");
  return 1;
}

// Evaluates what the options ask for: conversations, labelled turns or both.
Evaluation evaluate_all(const ChatSystem& system, EvaluationRunOptions& options, ToolContext& tool) {
  options.evaluation.with_rule = !options.report.report.empty();
  Evaluation result;
  result.has_model = options.evaluation.any();
  if (result.has_model || !options.report.any()) {
    result = evaluate(system, options.chat.model, options.evaluation, tool.common().seed, tool.threads(),
                      resolve_device(tool.common().device), tool.notes());
  }
  if (!options.turns.empty()) {
    tool.note("reading the labelled turns");
    const auto start = std::chrono::steady_clock::now();
    result.turns = score_labelled_turns(system, options, tool);
    result.phases.push_back({"the labelled turns, with loading the model", seconds_since(start)});
  }
  return result;
}

// Writes what was asked for. Returns the exit status.
int finish(const EvaluationRunOptions& options, ReportData& data, OutputFile* report, ToolContext& tool) {
  std::string text;
  if (data.evaluation) {
    const Evaluation& result = *data.evaluation;
    const auto beside = read_beside(options.report);
    if (beside) data.comparison = compare_figures(*beside, result);
    if (!options.output.empty()) write_file(options.output, result.json() + "\n");
    if (!options.misses.empty()) write_file(options.misses, result.model.misses);
    if (result.has_model) text += result.table();
    if (result.turns) text += (text.empty() ? "" : "\n") + score_table(columns_of(*result.turns));
    if (beside) text += comparison_table(data.comparison, beside->path);
  }
  if (report != nullptr) {
    describe_machine(data.run);
    Progress writing = tool.progress("writing the report", 0, "");
    report->write(report_page(data));
    report->commit();
    writing.finish();
    tool.note("the report is " + options.report.report);
  }
  print(text);
  return data.evaluation && data.evaluation->turns ? compare_with_rule(options, *data.evaluation->turns, tool) : 0;
}

}  // namespace

void EvaluationRunOptions::add(OptionSet& options) {
  chat.add(options);
  evaluation.add(options);
  options.text("output,o", &output, "FILE", "also write the figures to this file as JSON");
  options.text("misses", &misses, "FILE",
               "write every output that differs from the data, or from what the user meant, as JSON lines");
  options.list("turns", &turns, "FILES",
               "only, or beside the rest with --report or --beside: how well the labelled turns of these files are "
               "understood, beside a rule without a model");
  options.offer_suffixes({".jsonl"});
  options.flag("fail-below-rule", &fail_below_rule,
               "with --turns: fail where the model's act or slot F1 is below the rule's");
  report.add(options);
}

int run_evaluation(EvaluationRunOptions& options, std::string command, ToolContext& tool) {
  ReportData data = read_report_inputs(options.report);
  std::optional<OutputFile> report;
  if (!options.report.report.empty()) report.emplace(options.report.report);
  data.run.command = std::move(command);
  data.run.threads = tool.threads();
  // A report of a training or of a sweep needs no model.
  if (report && !options.evaluation.any() && options.turns.empty() && options.report.beside.empty()) {
    if (data.metrics.empty() && !data.sweep)
      throw usage_error("nothing to report: give --metrics or --sweep, or let conversations or turns be evaluated");
    return finish(options, data, &*report, tool);
  }
  read_beside(options.report);
  options.chat.complete();
  options.chat.model.max_host_mem = tool.common().max_host_mem;
  options.chat.model.note = tool.notes();
  options.chat.model.progress = options.evaluation.progress = progress_of(tool);
  const auto start = std::chrono::steady_clock::now();
  Progress reading = tool.progress("reading the catalog", 0, "");
  const ChatSystem system(options.chat.system);
  reading.finish();
  data.run.loading_seconds = seconds_since(start);
  if (!options.turns.empty() && !options.report.any()) {
    const TurnScores scores = score_labelled_turns(system, options, tool);
    if (!options.output.empty()) write_file(options.output, score_json(columns_of(scores)) + "\n");
    print(score_table(columns_of(scores)));
    return compare_with_rule(options, scores, tool);
  }
  data.catalog = &system.catalog;
  data.run.base = options.chat.model.base;
  data.run.adapter = options.chat.model.adapter;
  data.run.movies = options.chat.system.movies;
  data.run.device = describe(resolve_device(tool.common().device));
  data.evaluation = evaluate_all(system, options, tool);
  return finish(options, data, report ? &*report : nullptr, tool);
}

}  // namespace matinee
