#include "lib/train/sweep_figures.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/child_process.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/words.h"
#include "lib/io/json_reader.h"

namespace matinee {
namespace {

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "no message";
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

// The value at a path with dots below `node`; a missing node where there is none.
JsonNode at_path(JsonNode node, const std::string& path) {
  for_each_piece(path, '.', [&](std::string_view key) { node = node.is_object() ? node[key] : JsonNode(); });
  return node;
}

}  // namespace

void evaluate_run(const Sweep& sweep, const SweepRun& run, int threads) {
  const std::unique_ptr<SweepRunOptions> options = sweep.options_of(run);
  const std::vector<std::string>& arguments = sweep.plan().evaluate;
  std::vector<std::string> command{sweep.call().evaluate_program};
  if (options->run.full) {
    command.insert(command.end(), {"--base", run.folder});
  } else {
    command.insert(command.end(), {"--base", options->run.base, "--adapter", run.folder});
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (std::find(arguments.begin(), arguments.end(), "--threads") == arguments.end())
    command.insert(command.end(), {"--threads", std::to_string(threads)});
  command.insert(command.end(), {"--output", run.folder + "/figures.json"});
  const std::string log = run.folder + "/evaluate.log";
  if (const int status = run_program(command, log); status != 0)
    throw resource_error("evaluate failed with status {}: {}", status, last_line(read_file(log)));
}

std::optional<double> figure_of(const SweepRun& run, const std::string& name) {
  const std::string path = run.folder + "/figures.json";
  if (run.record.evaluated.empty() || !file_exists(path)) return std::nullopt;
  return read_json(read_file(path), path, [&](const JsonNode& root) {
    for (const JsonNode& start : {root, root["model"]}) {
      const JsonNode found = start.exists() ? at_path(start, name) : JsonNode();
      if (found.exists() && found.is_number()) return found.number();
    }
    std::vector<std::string> names;
    if (root["model"].is_object()) {
      for (const auto& [key, value] : root["model"].fields()) names.emplace_back(key);
    }
    throw bad_data("no figure \"{}\"; there are {}", name, joined(names));
  });
}

}  // namespace matinee
