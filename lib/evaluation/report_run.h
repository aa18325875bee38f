#pragma once

#include <string>
#include <vector>

#include "lib/base/options.h"
#include "lib/evaluation/report_page.h"

namespace matinee {

/// What a report is made of besides the evaluation.
struct ReportOptions {
  std::string report;                ///< where it is written
  std::string beside;                ///< figures of another run
  std::string sweep, commands;       ///< files
  std::vector<std::string> metrics;  ///< files

  void add(OptionSet& options);
  /// Whether anything goes beyond the evaluation itself.
  bool any() const { return !report.empty() || !beside.empty(); }
};

/// Reads the files of the options, so that a faulty one is found before the evaluation. Throws Error(kUsage) for
/// options that only a report has a use for, without --report.
ReportData read_report_inputs(const ReportOptions& options);
/// The same with the figures of `beside`; nothing without it.
std::optional<EarlierFigures> read_beside(const ReportOptions& options);

/// This machine and process: processor, processors, memory.
void describe_machine(ReportedRun& run);

/// The words of a command line, quoted as a shell needs it.
std::string command_text(int argc, const char* const* argv);

}  // namespace matinee
