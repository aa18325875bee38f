#pragma once

#include <string>
#include <vector>

#include "lib/base/tool.h"
#include "lib/chat/chat_setup.h"
#include "lib/evaluation/evaluation.h"
#include "lib/evaluation/report_run.h"

namespace matinee {

/// The options of evaluate.
struct EvaluationRunOptions {
  TrainedChatOptions chat;
  EvaluationOptions evaluation;
  ReportOptions report;
  std::string output, misses;
  std::vector<std::string> turns;
  bool fail_below_rule = false;

  void add(OptionSet& options);
};

/// Evaluates conversations, labelled turns or both, prints the figures and writes the files that are asked for.
/// `command`: the command line, for the report. Returns the exit status.
int run_evaluation(EvaluationRunOptions& options, std::string command, ToolContext& tool);

}  // namespace matinee
