#include "lib/train/metrics.h"

#include <fmt/format.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <utility>

#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

std::string lines_up_to(const std::string& path, std::int64_t step) {
  std::string kept;
  JsonReader json;
  LineReader reader(path);
  for (std::string_view line; reader.next(line);) {
    try {
      if (json.parse(line).get("step").integer() <= step) kept.append(line).push_back('\n');
    } catch (const Error&) {
      // Cut off by a kill: dropped.
    }
  }
  return kept;
}

}  // namespace

MetricsFile::MetricsFile(std::string path, std::int64_t resumed_step) : path_(std::move(path)) {
  if (path_.empty()) return;
  write_file(path_, resumed_step > 0 && file_exists(path_) ? lines_up_to(path_, resumed_step) : "");
}

void MetricsFile::write(const StepMetrics& metrics) {
  if (path_.empty()) return;
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("step", metrics.step).field("epoch", metrics.epoch);
  if (metrics.valid_loss) {
    json.field("valid_loss", *metrics.valid_loss);
  } else {
    json.field("loss", metrics.loss).field("grad_norm", metrics.grad_norm);
    json.field("learning_rate", metrics.learning_rate).field("tokens", metrics.tokens);
    json.field("tokens_per_second", metrics.tokens_per_second).field("share_of_peak", metrics.share_of_peak);
    json.field("seconds_left", metrics.seconds_left);
  }
  json.end_object();
  line.push_back('\n');
  // Opened for each line, so that the file may be moved and a kill loses nothing in a buffer.
  std::FILE* file = std::fopen(path_.c_str(), "ab");
  const bool written = file != nullptr && std::fwrite(line.data(), 1, line.size(), file) == line.size();
  const bool closed = file == nullptr || std::fclose(file) == 0;
  if (!written || !closed) throw resource_error("{}: cannot write: {}", path_, std::strerror(errno));
}

std::string with_commas(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string progress_text(const StepMetrics& metrics) {
  return fmt::format("loss {:.4f}, {} tokens/s, {:.0f}% of the matrix-product peak", metrics.loss,
                     with_commas(std::llrint(metrics.tokens_per_second)), 100 * metrics.share_of_peak);
}

}  // namespace matinee
