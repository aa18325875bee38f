#include "lib/train/sweep_record.h"

#include <array>

#include "lib/base/file.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::array<const char*, 6> kStatusNames{"waiting", "started", "paused", "finished", "diverged", "failed"};

RunStatus status_of(const JsonNode& node) {
  for (std::size_t i = 1; i < kStatusNames.size(); ++i) {
    if (node.view() == kStatusNames[i]) return static_cast<RunStatus>(i);
  }
  throw node.unexpected("one of started, paused, finished, diverged, failed");
}

}  // namespace

const char* name_of(RunStatus status) { return kStatusNames[static_cast<std::size_t>(status)]; }

RunRecord read_run_record(const std::string& folder) {
  const std::string path = folder + "/run.json";
  RunRecord record;
  if (!file_exists(path)) return record;
  return read_json(read_file(path), path, [&](const JsonNode& root) {
    record.status = status_of(root.get("status"));
    record.message = root.string_or("message", "");
    for (const auto& [name, value] : root.get("settings").fields()) record.settings[std::string(name)] = value.string();
    for (const JsonNode& step : root.get("pauses").array()) record.pauses.push_back(step.integer());
    for (const JsonNode& loss : root.get("rung_losses").array()) record.rung_losses.push_back(loss.number());
    if (record.rung_losses.size() != record.pauses.size())
      throw root["pauses"].unexpected("one for each of rung_losses");
    record.steps = root.get("steps").integer();
    record.best_step = root.get("best_step").integer();
    if (root.has("valid_loss")) record.valid_loss = root["valid_loss"].number();
    record.seconds = root.get("seconds").number();
    for (const JsonNode& word : root.get("evaluated").array()) record.evaluated.push_back(word.string());
    return record;
  });
}

void write_run_record(const std::string& folder, const RunRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("status", name_of(record.status));
  if (!record.message.empty()) json.field("message", record.message);
  json.key("settings").begin_object();
  for (const auto& [name, value] : record.settings) json.field(name, value);
  json.end_object().key("pauses").begin_array();
  for (const std::int64_t step : record.pauses) json.integer(step);
  json.end_array().key("rung_losses").begin_array();
  for (const double loss : record.rung_losses) json.number(loss);
  json.end_array().field("steps", record.steps).field("best_step", record.best_step);
  if (record.valid_loss) json.field("valid_loss", *record.valid_loss);
  json.field("seconds", record.seconds).key("evaluated").begin_array();
  for (const std::string& word : record.evaluated) json.string(word);
  json.end_array().end_object();
  write_file(folder + "/run.json", out + "\n");
}

}  // namespace matinee
