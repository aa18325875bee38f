#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/evaluation/evaluation.h"
#include "lib/evaluation/figure_comparison.h"
#include "lib/evaluation/sweep_table.h"
#include "lib/evaluation/training_metrics.h"

namespace matinee {

/// Where a run was made and what was given to it.
struct ReportedRun {
  std::string base, adapter, movies;  ///< paths; empty where there are none
  std::string command;                ///< the command line of evaluate
  std::string commands;               ///< those that made the model, line by line
  std::string processor;              ///< "Intel(R) Xeon(R) ..."
  std::string device;                 ///< "cpu (avx512)"
  int processors = 0, threads = 0;
  std::uint64_t memory_bytes = 0, peak_bytes = 0;  ///< of the machine; the largest of this process
  double loading_seconds = 0;                      ///< of the catalog and the phrases
};

/// Everything that the report shows. Sections without data are left out.
struct ReportData {
  const MovieCatalog* catalog = nullptr;  ///< of `evaluation`
  std::optional<Evaluation> evaluation;
  std::vector<TrainingMetrics> metrics;
  std::optional<SweepTable> sweep;
  std::string beside;  ///< the path of the other run
  std::vector<ComparedPart> comparison;
  ReportedRun run;
};

/// The report as one HTML page that needs no other file and no script.
std::string report_page(const ReportData& data);

}  // namespace matinee
