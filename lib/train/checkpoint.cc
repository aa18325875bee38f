#include "lib/train/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/io/safetensors.h"

namespace matinee {
namespace {

// Names each field of the progress once, for writing and for reading.
template <class Visitor>
void for_each_field(TrainProgress& progress, Visitor&& visit) {
  visit("matinee.step", progress.step);
  visit("matinee.epoch", progress.epoch);
  visit("matinee.epoch_step", progress.epoch_step);
  visit("matinee.tokens", progress.tokens);
  visit("matinee.smoothed_loss", progress.smoothed_loss);
  visit("matinee.lowest_smoothed_loss", progress.lowest_smoothed_loss);
  visit("matinee.best_valid_loss", progress.best_valid_loss);
  visit("matinee.best_step", progress.best_step);
  visit("matinee.validations_since_best", progress.validations_since_best);
}

// Hexadecimal floats come back bit for bit.
std::string text_of(double value) { return fmt::format("{:a}", value); }
std::string text_of(std::int64_t value) { return fmt::format("{}", value); }

bool parse(const std::string& text, std::int64_t& value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size();
}
bool parse(const std::string& text, double& value) {
  const bool negative = text.starts_with('-');
  const std::size_t skipped = (negative ? 1u : 0u) + 2;  // from_chars knows no "0x"
  if (text.size() < skipped) return false;
  const auto [stop, error] =
      std::from_chars(text.data() + skipped, text.data() + text.size(), value, std::chars_format::hex);
  if (negative) value = -value;
  return error == std::errc() && stop == text.data() + text.size();
}

}  // namespace

void write_checkpoint(const std::string& path, std::uint64_t run, const TrainProgress& progress,
                      const TrainState& state) {
  Metadata metadata{{"matinee.run", fmt::format("{:016x}", run)}};
  TrainProgress fields = progress;
  for_each_field(fields, [&](const char* key, auto& value) { metadata[key] = text_of(value); });
  SafetensorsWriter writer(path, "checkpoint", std::move(metadata));
  const auto& parameters = state.parameters.all();
  for (const Parameter& p : parameters) writer.declare("param." + p.name, DType::kF32, p.shape);
  for (const Parameter& p : parameters) writer.declare("adam_m." + p.name, DType::kF32, p.shape);
  for (const Parameter& p : parameters) writer.declare("adam_v." + p.name, DType::kF32, p.shape);
  if (!state.best.empty()) {
    for (const Parameter& p : parameters) writer.declare("best." + p.name, DType::kF32, p.shape);
  }
  const auto write = [&](const std::string& prefix, const std::vector<std::vector<float>>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      writer.write(prefix + parameters[i].name, std::span<const float>(values[i]));
    }
  };
  for (const Parameter& p : parameters) writer.write("param." + p.name, std::span<const float>(p.value));
  write("adam_m.", state.m);
  write("adam_v.", state.v);
  write("best.", state.best);
  writer.commit();
}

TrainProgress read_checkpoint(const std::string& path, std::uint64_t run, TrainState& state) {
  const SafetensorsFile file(path, "checkpoint", "lora-train");
  const Metadata& metadata = file.metadata();
  const auto get = [&](const std::string& key) -> const std::string& {
    const auto found = metadata.find(key);
    if (found == metadata.end()) throw bad_data("{}: metadata {} is missing", path, key);
    return found->second;
  };
  if (get("matinee.run") != fmt::format("{:016x}", run)) {
    throw bad_data("{}: this checkpoint belongs to another run: base, tokens or options differ", path)
        .add_remedy("repeat the options of that run, or delete the checkpoint");
  }
  TrainProgress progress;
  for_each_field(progress, [&](const char* key, auto& value) {
    if (!parse(get(key), value)) throw bad_data("{}: metadata {}: found \"{}\"", path, key, get(key));
  });
  const auto read = [&](const std::string& name, std::vector<float>& into, std::size_t size) {
    const auto values = file.view<float>(name);
    if (values.size() != size) {
      throw bad_data("{}: tensor \"{}\": expected {} elements, found {}", path, name, size, values.size());
    }
    into.assign(values.begin(), values.end());
  };
  auto& parameters = state.parameters.all();
  if (progress.best_step > 0) state.best.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = parameters[i];
    const std::size_t size = p.value.size();
    read("param." + p.name, p.value, size);
    read("adam_m." + p.name, state.m[i], size);
    read("adam_v." + p.name, state.v[i], size);
    if (progress.best_step > 0) read("best." + p.name, state.best[i], size);
  }
  return progress;
}

}  // namespace matinee
