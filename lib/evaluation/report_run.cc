#include "lib/evaluation/report_run.h"

#include <algorithm>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/base/parallel.h"

namespace matinee {
namespace {

// "model name : Intel(R) ..." of Linux; other processors than x86 may have no such line.
std::string processor_name() {
  if (!file_exists("/proc/cpuinfo")) return "unknown";
  const std::string text = read_file("/proc/cpuinfo");
  const std::size_t at = text.find("model name");
  const std::size_t colon = at == text.npos ? at : text.find(": ", at);
  if (colon == text.npos) return "unknown";
  return text.substr(colon + 2, text.find('\n', colon) - colon - 2);
}

}  // namespace

void ReportOptions::add(OptionSet& options) {
  options.group("Report");
  options.text("report", &report, "FILE",
               "write a page for a browser: figures, curves, confusions, the worst understandings, conversations");
  options.list("metrics", &metrics, "FILES", "for the report: what lora-train --metrics wrote");
  options.text("sweep", &sweep, "FILE", "for the report: the sweep.tsv of lora-train --sweep");
  options.text("commands", &commands, "FILE", "for the report: a text with the commands that made the model");
  options.text("beside", &beside, "FILE",
               "compare with the figures of another run (its -o FILE), with the intervals of the differences");
}

ReportData read_report_inputs(const ReportOptions& options) {
  if (options.report.empty()) {
    const char* unused = !options.metrics.empty()    ? "--metrics"
                         : !options.sweep.empty()    ? "--sweep"
                         : !options.commands.empty() ? "--commands"
                                                     : nullptr;
    if (unused != nullptr) throw usage_error("{} needs --report", unused);
  }
  ReportData data;
  for (const std::string& path : options.metrics) data.metrics.push_back(read_training_metrics(path));
  if (!options.sweep.empty()) data.sweep = read_sweep_table(options.sweep);
  if (!options.commands.empty()) data.run.commands = read_file(options.commands);
  data.beside = options.beside;
  return data;
}

std::optional<EarlierFigures> read_beside(const ReportOptions& options) {
  if (options.beside.empty()) return std::nullopt;
  return read_earlier_figures(options.beside);
}

void describe_machine(ReportedRun& run) {
  run.processor = processor_name();
  run.processors = available_processors();
  run.memory_bytes = physical_memory();
  run.peak_bytes = peak_resident_memory();
}

std::string command_text(int argc, const char* const* argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    const auto is_plain = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             std::string_view("_-+=:,./@%").find(c) != std::string_view::npos;
    };
    if (i > 0) text += ' ';
    if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

}  // namespace matinee
