#include "lib/evaluation/training_metrics.h"

#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/text_reader.h"

namespace matinee {

double TrainingMetrics::tokens() const {
  double sum = 0;
  for (const Step& step : steps) sum += step.tokens;
  return sum;
}

double TrainingMetrics::seconds() const {
  double sum = 0;
  for (const Step& step : steps) sum += step.tokens_per_second > 0 ? step.tokens / step.tokens_per_second : 0;
  return sum;
}

TrainingMetrics read_training_metrics(const std::string& path) {
  TrainingMetrics metrics;
  metrics.path = path;
  LineReader lines(path);
  JsonReader json;
  std::string cut_off;  // the error of the last line
  for (std::string_view line; lines.next(line);) {
    if (!cut_off.empty()) throw bad_data("{}", cut_off);
    if (line.empty()) continue;
    try {
      const JsonNode root = json.parse(line);
      const double step = root.get("step").number();
      if (root.has("valid_loss")) {
        metrics.validations.push_back({step, root["valid_loss"].number()});
      } else {
        metrics.steps.push_back({step, root.get("loss").number(), root.number_or("learning_rate", 0),
                                 root.number_or("tokens", 0), root.number_or("tokens_per_second", 0),
                                 root.number_or("share_of_peak", 0)});
      }
    } catch (Error& error) {
      cut_off = error.add_context(lines.place()).what();
    }
  }
  if (metrics.steps.empty()) {
    if (!cut_off.empty()) throw bad_data("{}", cut_off);
    throw bad_data("{}: expected JSON lines of lora-train --metrics, found no loss", path);
  }
  return metrics;
}

}  // namespace matinee
