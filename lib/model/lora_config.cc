#include "lib/model/lora_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/base/words.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/model/config_fields.h"
#include "lib/model/families.h"
#include "lib/model/module_pattern.h"

namespace matinee {
namespace {

constexpr const char* kAllLinear = "all-linear";
constexpr std::array<const char*, 3> kBiasNames{"none", "all", "lora_only"};

// Fields of PEFT that are read below or do not change what the decoder computes. Any other field must be off: null,
// false or empty.
constexpr std::string_view kHarmless =
    "peft_type task_type r lora_alpha lora_dropout target_modules use_rslora use_dora bias rank_pattern "
    "alpha_pattern modules_to_save fan_in_fan_out revision inference_mode auto_mapping init_lora_weights "
    "eva_config base_model_name_or_path qalora_group_size megatron_core peft_version";
// Initializations that leave the base as it was. Others (PiSSA, OLoRA, LoftQ ...) change the base's weights too.
constexpr std::string_view kPlainInitializations = "true false \"gaussian\" \"eva\" \"orthogonal\"";

void refuse_unknown(const JsonNode& root) {
  for (const auto& [key, value] : root.fields()) {
    const std::string found = value.text();
    if (key == "init_lora_weights" ? !is_listed(kPlainInitializations, found)
                                   : !is_listed(kHarmless, key) && !is_off(value)) {
      throw bad_data("{}: {} is not understood; the adapter would not compute what it was trained to", key, found);
    }
  }
}

std::vector<std::string> read_names(const JsonNode& field) {
  std::vector<std::string> names;
  if (!field.is_array()) throw field.unexpected("a list of names");
  for (const JsonNode& item : field.array()) names.push_back(item.string());
  return names;
}

constexpr std::int64_t kMostRank = 65536;

bool is_rank(double value) { return value >= 1 && value <= kMostRank && value == std::floor(value); }

PatternValues read_patterns(const JsonNode& field) {
  PatternValues values;
  if (field.is_null()) return values;
  for (const auto& [pattern, number] : field.fields()) values.emplace_back(pattern, number.number());
  return values;
}

LoraConfig parse(const JsonNode& root) {
  if (!root.is_object()) throw bad_data("expected a JSON object, as PEFT's adapter_config.json");
  if (const JsonNode type = root["peft_type"]; !type.is_string() || type.view() != "LORA")
    throw bad_data("peft_type: expected LORA");
  refuse_unknown(root);
  if (const JsonNode task = root["task_type"]; task.is_string() && task.view() != "CAUSAL_LM")
    throw task.unexpected("CAUSAL_LM");
  LoraConfig config;
  if (const JsonNode bias = root["bias"]; bias.is_string()) {
    const auto* found = std::find(kBiasNames.begin(), kBiasNames.end(), bias.view());
    if (found == kBiasNames.end()) throw bias.unexpected("none, all or lora_only");
    config.bias = static_cast<LoraBias>(found - kBiasNames.begin());
  }
  const JsonNode rank = root["r"];
  if (!rank.is_number() || !is_rank(rank.number()))
    throw bad_data("r: expected a whole number from 1 to {}", kMostRank);
  config.rank = static_cast<std::int64_t>(rank.number());
  config.lora_alpha = root.get("lora_alpha").number();
  config.lora_dropout = root.number_or("lora_dropout", 0);
  config.use_rslora = root.boolean_or("use_rslora", false);
  config.use_dora = root.boolean_or("use_dora", false);
  config.rank_pattern = read_patterns(root["rank_pattern"]);
  config.alpha_pattern = read_patterns(root["alpha_pattern"]);
  config.base_model_name_or_path = root.string_or("base_model_name_or_path", "");
  const JsonNode targets = root["target_modules"];
  config.target_pattern.clear();
  if (targets.is_string()) {
    config.target_pattern = targets.string();
  } else {
    config.target_modules = read_names(targets);
  }
  if (root.has("modules_to_save")) config.modules_to_save = read_names(root["modules_to_save"]);
  return config;
}

bool is_at(const std::string& path, const std::string& name) { return path == name || path.ends_with("." + name); }

// The value of the first pattern that matches the path or a part of it after a dot.
double value_of(const PatternValues& patterns, const std::string& path, double otherwise) {
  for (const auto& [pattern, value] : patterns) {
    if (matches_whole("(?:.*\\.)?(?:" + pattern + ")", path)) return value;
  }
  return otherwise;
}

// The last parts of the paths of a model's linear layers, each once.
std::vector<std::string> linear_names(const ModelConfig& model) {
  std::vector<std::string> names;
  for (const LinearLayer& layer : linear_layers(model, 0)) {
    const std::string name = layer.path.substr(layer.path.rfind('.') + 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

bool LoraConfig::targets(const LinearLayer& layer) const {
  if (target_modules.empty()) return target_pattern == kAllLinear || matches_whole(target_pattern, layer.path);
  return std::any_of(target_modules.begin(), target_modules.end(),
                     [&](const std::string& name) { return is_at(layer.path, name); });
}

std::int64_t LoraConfig::rank_of(const LinearLayer& layer) const {
  return static_cast<std::int64_t>(value_of(rank_pattern, layer.path, static_cast<double>(rank)));
}

float LoraConfig::scaling_of(const LinearLayer& layer) const {
  const auto divisor = static_cast<double>(rank_of(layer));
  return static_cast<float>(value_of(alpha_pattern, layer.path, lora_alpha) /
                            (use_rslora ? std::sqrt(divisor) : divisor));
}

bool LoraConfig::saves(const std::string& path) const {
  return std::any_of(modules_to_save.begin(), modules_to_save.end(),
                     [&](const std::string& name) { return is_at(path, name); });
}

void LoraConfig::resolve(const ModelConfig& model) {
  for (const auto& [pattern, value] : rank_pattern) {
    if (!is_rank(value))
      throw bad_data("rank of \"{}\": expected a whole number from 1 to {}, found {}", pattern, kMostRank, value);
  }
  const std::vector<std::string> names = linear_names(model);
  if (target_modules.empty() && target_pattern == kAllLinear) target_modules = names;
  const auto any_layer = [&](const auto& wanted) {
    for (std::int64_t layer = 0; layer < model.num_hidden_layers; ++layer) {
      for (const LinearLayer& linear : linear_layers(model, layer)) {
        if (wanted(linear)) return true;
      }
    }
    return false;
  };
  for (const std::string& target : target_modules) {
    if (!any_layer([&](const LinearLayer& linear) { return is_at(linear.path, target); }))
      throw bad_data("target module \"{}\": expected some of {}", target, joined(names));
  }
  if (target_modules.empty() && !any_layer([&](const LinearLayer& linear) { return targets(linear); }))
    throw bad_data("target_modules: the pattern \"{}\" matches no linear layer; they are called {}", target_pattern,
                   linear_layers(model, 0).front().path + ", ...");
  for (const std::string& name : modules_to_save) {
    if (!is_at(embed_tokens_path(model), name) && !is_at(lm_head_path(model), name)) {
      const std::string embedding = embed_tokens_path(model);
      throw bad_data("modules_to_save: \"{}\": expected {} or {}", name, embedding.substr(embedding.rfind('.') + 1),
                     lm_head_path(model));
    }
  }
  if (bias == LoraBias::kAll && model.head_bias && saves(lm_head_path(model)))
    throw bad_data("bias: all is not understood together with {} in modules_to_save", lm_head_path(model));
}

LoraConfig parse_lora_config(const std::string& json, const std::string& name) { return read_json(json, name, parse); }

std::string lora_config_json(const LoraConfig& config, const ModelConfig& model) {
  std::string out;
  JsonWriter json(out);
  const auto names = [&](const std::vector<std::string>& list) {
    json.begin_array();
    for (const std::string& name : list) json.string(name);
    json.end_array();
  };
  json.begin_object().field("peft_type", "LORA").field("task_type", "CAUSAL_LM").field("r", config.rank);
  json.field("lora_alpha", config.lora_alpha).field("lora_dropout", config.lora_dropout).key("target_modules");
  if (config.target_modules.empty()) {
    json.string(config.target_pattern);
  } else {
    names(config.target_modules);
  }
  json.field("base_model_name_or_path", config.base_model_name_or_path)
      .field("bias", kBiasNames[static_cast<std::size_t>(config.bias)]);
  json.field("fan_in_fan_out", family_of(model).names.transposed)
      .field("inference_mode", true)
      .field("init_lora_weights", true)
      .field("use_rslora", config.use_rslora);
  json.field("use_dora", config.use_dora).key("modules_to_save");
  if (config.modules_to_save.empty()) {
    json.null();
  } else {
    names(config.modules_to_save);
  }
  json.key("rank_pattern").begin_object();
  for (const auto& [pattern, value] : config.rank_pattern) json.field(pattern, static_cast<std::int64_t>(value));
  json.end_object().key("alpha_pattern").begin_object();
  for (const auto& [pattern, value] : config.alpha_pattern) json.field(pattern, value);
  json.end_object().end_object();
  return out + "\n";
}

std::vector<std::pair<std::string, std::string>> identity_of(const LoraConfig& config) {
  const auto patterns = [](const PatternValues& values) {
    std::string text;
    for (const auto& [pattern, value] : values) text += fmt::format("{}{}={}", text.empty() ? "" : ",", pattern, value);
    return text;
  };
  return {{"--rank", fmt::format("{}", config.rank)},
          {"--alpha", fmt::format("{}", config.lora_alpha)},
          {"--dropout", fmt::format("{}", config.lora_dropout)},
          {"--targets", joined(config.target_modules)},
          {"--target-pattern", config.target_modules.empty() ? config.target_pattern : ""},
          {"--rank-pattern", patterns(config.rank_pattern)},
          {"--alpha-pattern", patterns(config.alpha_pattern)},
          {"--bias", kBiasNames[static_cast<std::size_t>(config.bias)]},
          {"--rslora", config.use_rslora ? "yes" : "no"},
          {"--dora", config.use_dora ? "yes" : "no"},
          {"--modules-to-save", joined(config.modules_to_save)}};
}

}  // namespace matinee
