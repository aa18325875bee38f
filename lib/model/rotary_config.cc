#include "lib/model/rotary_config.h"

#include <array>

#include "lib/base/format_error.h"
#include "lib/model/config_fields.h"

namespace matinee {
namespace {

constexpr std::array<const char*, 4> kTypes{"default", "linear", "dynamic", "llama3"};  // by RotaryScaling

double required(const JsonNode& rope, const char* key) {
  const double value = positive_field(rope, key, 0);
  if (value == 0) throw missing_field(rope, key);
  return value;
}

// Refuses parameters that this type of scaling does not have.
void refuse_others(const JsonNode& rope, std::string_view type) {
  const char* parameters = type == "default"  ? "rope_type type rope_theta"
                           : type == "llama3" ? "rope_type type rope_theta factor low_freq_factor high_freq_factor "
                                                "original_max_position_embeddings"
                                              : "rope_type type rope_theta factor";
  for (const auto& [key, value] : rope.fields()) {
    if (is_listed(parameters, key) || (key == "partial_rotary_factor" && equals(value, "1.0"))) continue;
    throw bad_data("{}: {}: {} is not understood with type \"{}\"", rope.path(), key, value.text(), type);
  }
}

void read_scaling(const JsonNode& rope, ModelConfig& config) {
  const JsonNode newer = rope["rope_type"], older = rope["type"];
  const std::string_view type = newer.is_string() ? newer.view() : older.is_string() ? older.view() : "default";
  config.rope_theta = positive_field(rope, "rope_theta", config.rope_theta);
  std::size_t index = 0;
  while (index < kTypes.size() && type != kTypes[index]) ++index;
  if (index == kTypes.size()) {
    throw bad_data("{}: type \"{}\" is not understood; expected default, linear, dynamic or llama3", rope.path(), type);
  }
  const auto scaling = static_cast<RotaryScaling>(index);
  if (scaling != RotaryScaling::kNone) config.rope_factor = required(rope, "factor");
  refuse_others(rope, type);
  if (scaling != RotaryScaling::kNone) config.rope_scaling = scaling;
  if (scaling != RotaryScaling::kLlama3) return;
  config.rope_low_freq_factor = required(rope, "low_freq_factor");
  config.rope_high_freq_factor = required(rope, "high_freq_factor");
  if (config.rope_high_freq_factor <= config.rope_low_freq_factor)
    throw bad_data("{}: high_freq_factor: expected more than low_freq_factor", rope.path());
  config.rope_original_max_positions = size_field(rope, "original_max_position_embeddings");
}

}  // namespace

void read_rotary(const JsonNode& root, ModelConfig& config) {
  config.rope_theta = positive_field(root, "rope_theta", 10000);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const JsonNode rope = root[name];
    if (rope.is_null()) continue;
    if (!rope.is_object()) throw rope.unexpected("an object or null");
    read_scaling(rope, config);
  }
}

void write_rotary_scaling(const ModelConfig& config, JsonWriter& json) {
  if (config.rope_scaling == RotaryScaling::kNone) return;
  json.key("rope_scaling").begin_object();
  json.field("rope_type", kTypes[static_cast<std::size_t>(config.rope_scaling)]).field("factor", config.rope_factor);
  if (config.rope_scaling == RotaryScaling::kLlama3) {
    json.field("low_freq_factor", config.rope_low_freq_factor)
        .field("high_freq_factor", config.rope_high_freq_factor)
        .field("original_max_position_embeddings", config.rope_original_max_positions);
  }
  json.end_object();
}

}  // namespace matinee
