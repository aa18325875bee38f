#include "lib/model/rotary_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "lib/base/format_error.h"
#include "lib/model/config_fields.h"

namespace matinee {
namespace {

// A type of scaling: its name, and the parameters that it has beside rope_type, type, rope_theta and
// partial_rotary_factor.
struct ScalingType {
  const char *name, *parameters;
};
constexpr std::array<ScalingType, 6> kTypes{{
    // By RotaryScaling. transformers does not read the first length of `dynamic`.
    {"default", ""},
    {"linear", "factor"},
    {"dynamic", "factor original_max_position_embeddings"},
    {"llama3", "factor low_freq_factor high_freq_factor original_max_position_embeddings"},
    {"yarn",
     "factor original_max_position_embeddings attention_factor beta_fast beta_slow mscale mscale_all_dim "
     "truncate"},
    {"longrope", "factor original_max_position_embeddings attention_factor short_factor long_factor"},
}};

constexpr double kLongest = 1 << 24;  // positions

constexpr const char *kFull = "full_attention", *kSliding = "sliding_attention", *kLocalTheta = "rope_local_base_freq";

double required(const JsonNode& rope, const char* key) {
  const double value = positive_field(rope, key, 0);
  if (value == 0) throw missing_field(rope, key);
  return value;
}

RotaryScaling scaling_of(const JsonNode& rope) {
  const JsonNode newer = rope["rope_type"], older = rope["type"];
  const std::string_view type = newer.is_string() ? newer.view() : older.is_string() ? older.view() : "default";
  // Two older names of longrope in files of Phi-3.
  if (type == "su" || (type == "yarn" && rope["short_factor"].is_array())) return RotaryScaling::kLongrope;
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const ScalingType& each) { return type == each.name; });
  if (found == kTypes.end()) {
    throw bad_data("{}: type \"{}\" is not understood; expected default, linear, dynamic, llama3, yarn or longrope",
                   rope.path(), type);
  }
  return static_cast<RotaryScaling>(found - kTypes.begin());
}

void refuse_other_parameters(const JsonNode& rope, const Family& family, const ScalingType& type) {
  for (const auto& [key, value] : rope.fields()) {
    if (is_listed("rope_type type rope_theta", key) || is_listed(type.parameters, key) || value.is_null()) continue;
    if (key == "partial_rotary_factor" && (family.words.rotary_share != nullptr || equals(value, "1.0"))) continue;
    throw bad_data("{}: {}: {} is not understood with type \"{}\"", rope.path(), key, value.text(), type.name);
  }
}

// The length of the first training: beside rope_scaling in Phi-3's files, inside it in others.
std::int64_t original_length(const JsonNode& root, const JsonNode& rope, const ModelConfig& config) {
  const char* name = "original_max_position_embeddings";
  if (root.has(name)) return size_field(root, name);
  return size_field(rope, name, config.max_position_embeddings);
}

void set_attention_factor(const JsonNode& rope, double usual, ModelConfig& config) {
  config.rope_attention_factor = positive_field(rope, "attention_factor", usual);
  if (config.rope_attention_factor > 0 && std::isfinite(config.rope_attention_factor)) return;
  throw bad_data("{}: these parameters give an attention factor of {}", rope.path(), config.rope_attention_factor);
}

void read_yarn(const JsonNode& rope, ModelConfig& config) {
  config.rope_beta_fast = positive_field(rope, "beta_fast", 32);
  config.rope_beta_slow = positive_field(rope, "beta_slow", 1);
  config.rope_truncate = rope.boolean_or("truncate", true);
  const auto original = static_cast<double>(config.rope_original_max_positions);
  config.rope_factor = positive_field(rope, "factor", static_cast<double>(config.max_position_embeddings) / original);
  const auto strength = [&](double mscale) {
    return config.rope_factor <= 1 ? 1 : 0.1 * mscale * std::log(config.rope_factor) + 1;
  };
  const auto number = [&](const char* key) { return rope[key].is_number() ? rope[key].number() : 0; };
  const double mscale = number("mscale"), all = number("mscale_all_dim");
  const double usual = mscale != 0 && all != 0 ? strength(mscale) / strength(all) : strength(1);
  set_attention_factor(rope, usual, config);
  const double scaled = std::min(original * config.rope_factor, kLongest);
  config.max_position_embeddings = std::max(config.max_position_embeddings, static_cast<std::int64_t>(scaled));
}

std::vector<double> factors_field(const JsonNode& rope, const char* key, std::int64_t pairs) {
  const JsonNode field = rope[key];
  if (!field.is_array()) throw field.unexpected("a list of numbers");
  std::vector<double> factors;
  for (const JsonNode& factor : field.array()) {
    if (!factor.is_number() || !(factor.number() > 0)) throw factor.unexpected("a positive number");
    factors.push_back(factor.number());
  }
  if (static_cast<std::int64_t>(factors.size()) != pairs) {
    throw bad_data("{}: {}: expected one factor for each of {} rotated pairs, found {}", rope.path(), key, pairs,
                   factors.size());
  }
  return factors;
}

void read_longrope(const JsonNode& rope, ModelConfig& config) {
  const std::int64_t pairs = config.rotated_elements() / 2;
  config.rope_short_factors = factors_field(rope, "short_factor", pairs);
  config.rope_long_factors = factors_field(rope, "long_factor", pairs);
  const auto original = static_cast<double>(config.rope_original_max_positions);
  config.rope_factor = positive_field(rope, "factor", static_cast<double>(config.max_position_embeddings) / original);
  const double usual = config.rope_factor <= 1 ? 1 : std::sqrt(1 + std::log(config.rope_factor) / std::log(original));
  set_attention_factor(rope, usual, config);
}

void read_scaling(const JsonNode& root, const JsonNode& rope, const Family& family, ModelConfig& config) {
  config.rope_theta = positive_field(rope, "rope_theta", config.rope_theta);
  const RotaryScaling scaling = scaling_of(rope);
  refuse_other_parameters(rope, family, kTypes[static_cast<std::size_t>(scaling)]);
  if (scaling == RotaryScaling::kNone) return;
  config.rope_scaling = scaling;
  if (scaling > RotaryScaling::kDynamic) config.rope_original_max_positions = original_length(root, rope, config);
  if (scaling == RotaryScaling::kYarn) return read_yarn(rope, config);
  if (scaling == RotaryScaling::kLongrope) return read_longrope(rope, config);
  config.rope_factor = required(rope, "factor");
  if (scaling != RotaryScaling::kLlama3) return;
  config.rope_low_freq_factor = required(rope, "low_freq_factor");
  config.rope_high_freq_factor = required(rope, "high_freq_factor");
  if (config.rope_high_freq_factor <= config.rope_low_freq_factor)
    throw bad_data("{}: high_freq_factor: expected more than low_freq_factor", rope.path());
}

// Where scaling and base are written: rope_scaling in older files, rope_parameters in newer ones; maybe none.
std::vector<JsonNode> rope_objects(const JsonNode& root) {
  std::vector<JsonNode> found;
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const JsonNode rope = root[name];
    if (rope.is_null()) continue;
    if (!rope.is_object()) throw rope.unexpected("an object or null");
    // By kind of layer, where the kinds differ.
    found.push_back(rope[kFull].is_object() ? rope[kFull] : rope);
  }
  return found;
}

// Elements of a head that are rotated.
std::int64_t rotated_elements(const JsonNode& root, const Family& family, const ModelConfig& config) {
  if (family.words.rotary_share == nullptr) {
    const std::int64_t dim = size_field(root, "rotary_dim", config.head_dim);
    if (dim <= config.head_dim) return dim;
    throw bad_data("rotary_dim: expected at most the width of a head, {}, found {}", config.head_dim, dim);
  }
  const char* name = family.words.rotary_share;
  double share = positive_field(root, name, family.defaults.rotary_share);
  for (const JsonNode& rope : rope_objects(root)) share = positive_field(rope, "partial_rotary_factor", share);
  const auto dim = static_cast<std::int64_t>(std::min(share, 2.0) * static_cast<double>(config.head_dim) + 1e-6);
  if (dim < 2 || dim > config.head_dim) {
    throw bad_data("{}: expected a share of a head's {} elements, from two of them to all, found {}", name,
                   config.head_dim, share);
  }
  return dim;
}

// The base of layers with a window, which have no scaling.
double local_theta(const JsonNode& root, const Family& family) {
  const JsonNode rope = root["rope_parameters"].is_object() ? root["rope_parameters"][kSliding] : JsonNode();
  const double theta = positive_field(root, kLocalTheta, family.defaults.rope_local_theta);
  if (!rope.is_object()) return theta;
  if (scaling_of(rope) != RotaryScaling::kNone)
    throw bad_data("{}: expected no scaling in layers with a window; the decoder does not compute this", rope.path());
  refuse_other_parameters(rope, family, kTypes[0]);
  return positive_field(rope, "rope_theta", theta);
}

}  // namespace

void read_rotary(const JsonNode& root, const Family& family, ModelConfig& config) {
  config.rotary_dim = rotated_elements(root, family, config);
  if (config.rotary_dim % 2 != 0) {
    throw bad_data("{} {} is odd; rotary embedding needs pairs",
                   config.rotary_dim == config.head_dim ? "head_dim" : "rotary_dim", config.rotary_dim);
  }
  if (config.rotary_dim == config.head_dim) config.rotary_dim = 0;
  config.rope_theta = positive_field(root, family.words.rope_theta, family.defaults.rope_theta);
  if (family.reads(kLocalTheta)) config.rope_local_theta = local_theta(root, family);
  for (const JsonNode& rope : rope_objects(root)) read_scaling(root, rope, family, config);
}

namespace {

void write_scaling(const ModelConfig& config, JsonWriter& json) {
  const auto factors = [&](const char* key, const std::vector<double>& values) {
    json.key(key).begin_array();
    for (const double value : values) json.number(value);
    json.end_array();
  };
  json.key("rope_scaling").begin_object();
  json.field("rope_type", kTypes[static_cast<std::size_t>(config.rope_scaling)].name);
  json.field("factor", config.rope_factor);
  if (config.rope_scaling > RotaryScaling::kDynamic)
    json.field("original_max_position_embeddings", config.rope_original_max_positions);
  if (config.rope_scaling == RotaryScaling::kLlama3) {
    json.field("low_freq_factor", config.rope_low_freq_factor).field("high_freq_factor", config.rope_high_freq_factor);
  }
  if (config.rope_scaling >= RotaryScaling::kYarn) json.field("attention_factor", config.rope_attention_factor);
  if (config.rope_scaling == RotaryScaling::kYarn) {
    json.field("beta_fast", config.rope_beta_fast)
        .field("beta_slow", config.rope_beta_slow)
        .field("truncate", config.rope_truncate);
  }
  if (config.rope_scaling == RotaryScaling::kLongrope) {
    factors("short_factor", config.rope_short_factors);
    factors("long_factor", config.rope_long_factors);
  }
  json.end_object();
}

}  // namespace

void write_rotary(const ModelConfig& config, JsonWriter& json) {
  if (config.learned_positions) return;
  const Family& family = family_of(config);
  if (family.words.rotary_share != nullptr) {
    json.field(family.words.rotary_share,
               static_cast<double>(config.rotated_elements()) / static_cast<double>(config.head_dim));
  } else if (config.rotary_dim > 0) {
    json.field("rotary_dim", config.rotary_dim);
  }
  json.field(family.words.rope_theta, config.rope_theta);
  if (config.rope_local_theta > 0) json.field(kLocalTheta, config.rope_local_theta);
  if (family.reads("original_max_position_embeddings")) {
    json.field("original_max_position_embeddings", config.rope_original_max_positions > 0
                                                       ? config.rope_original_max_positions
                                                       : config.max_position_embeddings);
  }
  if (config.rope_scaling != RotaryScaling::kNone) write_scaling(config, json);
}

}  // namespace matinee
