#include "lib/train/checkpoint.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/finite_values.h"

namespace matinee {
namespace {

// Lists each field of the progress once, for writing and reading.
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

// Hexadecimal floats round-trip exactly.
std::string text_of(double value) { return fmt::format("{:a}", value); }
std::string text_of(std::int64_t value) { return fmt::format("{}", value); }

bool parse(const std::string& text, std::int64_t& value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size();
}
bool parse(const std::string& text, double& value) {
  const bool negative = text.starts_with('-');
  const std::size_t skipped = (negative ? 1u : 0u) + 2;  // from_chars does not accept "0x"
  if (text.size() < skipped) return false;
  const auto [stop, error] =
      std::from_chars(text.data() + skipped, text.data() + text.size(), value, std::chars_format::hex);
  if (negative) value = -value;
  return error == std::errc() && stop == text.data() + text.size();
}

}  // namespace

std::uint64_t RunIdentity::hash() const {
  std::uint64_t hash = 0;
  for (const auto& [name, value] : parts) hash = hash64(value, hash64(name, hash));
  return hash;
}

void write_checkpoint(const std::string& path, const RunIdentity& run, const TrainProgress& progress,
                      const TrainState& state) {
  Metadata metadata{{"matinee.run", fmt::format("{:016x}", run.hash())}};
  for (const auto& [name, value] : run.parts) metadata["matinee.of " + name] = value;
  TrainProgress fields = progress;
  for_each_field(fields, [&](const char* key, auto& value) { metadata[key] = text_of(value); });
  SafetensorsWriter writer(path, "checkpoint", std::move(metadata));
  const auto& parameters = state.parameters.all();
  const auto rows = [](const auto& values) { return std::vector{static_cast<std::int64_t>(values.size())}; };
  for (const Parameter& p : parameters) writer.declare("param." + p.name, DType::kF32, p.shape);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& p = parameters[i];
    if (!state.m[i].empty()) {
      for (const char* moment : {"adam_m.", "adam_v."}) writer.declare(moment + p.name, DType::kF32, p.shape);
    } else {
      for (const char* moment : {"adam_m8.", "adam_r8."}) writer.declare(moment + p.name, DType::kU8, p.shape);
      for (const char* scales : {"adam_m_scale.", "adam_r_scale."})
        writer.declare(scales + p.name, DType::kF32, rows(state.moments8[i].m_scales));
    }
  }
  if (!state.best.empty()) {
    for (const Parameter& p : parameters) writer.declare("best." + p.name, DType::kF32, p.shape);
  }
  const auto write = [&](const std::string& name, const auto& buffer) {
    visit_values(buffer, [&](std::size_t, const auto& values) { writer.write(name, values); });
  };
  // In the file's order, bytes last: data written early would be buffered.
  for (const Parameter& p : parameters) write("param." + p.name, p.value);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].name;
    if (!state.m[i].empty()) {
      write("adam_m." + name, state.m[i]);
      write("adam_v." + name, state.v[i]);
    } else {
      write("adam_m_scale." + name, state.moments8[i].m_scales);
      write("adam_r_scale." + name, state.moments8[i].r_scales);
    }
  }
  for (std::size_t i = 0; i < state.best.size(); ++i) write("best." + parameters[i].name, state.best[i]);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!state.m[i].empty()) continue;
    write("adam_m8." + parameters[i].name, state.moments8[i].m_codes);
    write("adam_r8." + parameters[i].name, state.moments8[i].r_codes);
  }
  writer.commit();
}

void keep_older(const std::string& path, std::int64_t keep) {
  namespace fs = std::filesystem;
  const auto aged = [&](std::int64_t age) { return fmt::format("{}.{}", path, age); };
  std::error_code error;
  if (keep < 2 || !fs::exists(path, error)) return;
  for (std::int64_t age = keep - 1; age > 1 && !error; --age) {
    if (fs::exists(aged(age - 1), error)) fs::rename(aged(age - 1), aged(age), error);
  }
  if (!error) fs::remove(aged(1), error);
  if (!error) fs::create_hard_link(path, aged(1), error);
  if (error) throw resource_error("{}: the checkpoint cannot be kept as {}: {}", path, aged(1), error.message());
}

void remove_checkpoints(const std::string& path) {
  std::remove(path.c_str());
  for (std::int64_t age = 1; std::remove(fmt::format("{}.{}", path, age).c_str()) == 0; ++age) {
  }
}

TrainProgress read_checkpoint(const std::string& path, const RunIdentity& run, TrainState& state) {
  const SafetensorsFile file(path, "checkpoint", "lora-train");
  const Metadata& metadata = file.metadata();
  const auto get = [&](const std::string& key) -> const std::string& {
    const auto found = metadata.find(key);
    if (found == metadata.end()) throw bad_data("{}: metadata {} is missing", path, key);
    return found->second;
  };
  for (const auto& [name, value] : run.parts) {
    const auto found = metadata.find("matinee.of " + name);
    const std::string then = found == metadata.end() ? "" : found->second;
    if (then == value) continue;
    throw bad_data("{}: this checkpoint belongs to another run: {} was {}, and is {} now", path, name,
                   then.empty() ? "not given" : then, value.empty() ? "not given" : value)
        .add_remedy("repeat the options of that run, or delete the checkpoint");
  }
  if (get("matinee.run") != fmt::format("{:016x}", run.hash()))
    throw bad_data("{}: this checkpoint was written by another version of lora-train", path);
  TrainProgress progress;
  for_each_field(progress, [&](const char* key, auto& value) {
    if (!parse(get(key), value)) throw bad_data("{}: metadata {}: found \"{}\"", path, key, get(key));
  });
  const auto read = [&]<class T>(const std::string& name, DeviceSpan<T>& into) {
    const auto values = file.view<T>(name);
    if (values.size() != into.size()) {
      throw bad_data("{}: tensor \"{}\": expected {} elements, found {}", path, name, into.size(), values.size());
    }
    if (!values.empty()) into.upload(values);
    file.release(file.get(name));
  };
  auto& parameters = state.parameters.all();
  if (progress.best_step > 0) state.allocate_best();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = parameters[i];
    with_context(fmt::format("{}: tensor \"param.{}\"", path, p.name),
                 [&] { require_finite(file.view<float>("param." + p.name), 0, p.shape); });
    read("param." + p.name, p.value);
    if (Moments8& moments = state.moments8[i]; state.m[i].empty()) {
      read("adam_m8." + p.name, moments.m_codes);
      read("adam_r8." + p.name, moments.r_codes);
      read("adam_m_scale." + p.name, moments.m_scales);
      read("adam_r_scale." + p.name, moments.r_scales);
    } else {
      read("adam_m." + p.name, state.m[i]);
      read("adam_v." + p.name, state.v[i]);
    }
    if (progress.best_step > 0) read("best." + p.name, state.best[i]);
  }
  return progress;
}

}  // namespace matinee
