#include "lib/model/lora_config_file.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/model/config_fields.h"
#include "lib/model/families.h"

namespace matinee {
namespace {

// Fields of PEFT that are read below or do not change what the decoder computes. Any other field must be off: null,
// false or empty.
constexpr std::string_view kHarmless =
    "peft_type task_type r lora_alpha lora_dropout target_modules exclude_modules layers_to_transform layers_pattern "
    "use_rslora use_dora bias rank_pattern alpha_pattern modules_to_save trainable_token_indices fan_in_fan_out "
    "revision inference_mode auto_mapping init_lora_weights eva_config corda_config lora_ga_config loftq_config "
    "base_model_name_or_path qalora_group_size megatron_core megatron_config runtime_config peft_version";
// Initializations that leave the base as it was. Others (PiSSA, OLoRA, LoftQ ...) change the base's weights too.
constexpr std::string_view kPlainInitializations = "null true false \"gaussian\" \"eva\" \"orthogonal\"";

constexpr std::int64_t kMostIndex = INT32_MAX;

void refuse_unknown(const JsonNode& root) {
  for (const auto& [key, value] : root.fields()) {
    const std::string found = value.text();
    if (key == "init_lora_weights" ? !is_listed(kPlainInitializations, found)
                                   : !is_listed(kHarmless, key) && !is_off(value)) {
      throw bad_data("{}: {} is not understood; the adapter would not compute what it was trained to", key, found);
    }
  }
}

// A name, or a list of them.
std::vector<std::string> read_names(const JsonNode& field) {
  if (field.is_string()) return {field.string()};
  std::vector<std::string> names;
  if (!field.is_array()) throw field.unexpected("a list of names");
  for (const JsonNode& item : field.array()) names.push_back(item.string());
  return names;
}

// A number, or a list of them.
template <class Integer>
std::vector<Integer> read_integers(const JsonNode& field) {
  std::vector<Integer> numbers;
  const auto add = [&](const JsonNode& item) {
    const std::int64_t number = item.is_number() ? item.integer() : -1;
    if (number < 0 || number > kMostIndex) throw item.unexpected("a number of 0 or more");
    numbers.push_back(static_cast<Integer>(number));
  };
  if (field.is_number()) {
    add(field);
  } else {
    if (!field.is_array()) throw field.unexpected("a list of numbers");
    for (const JsonNode& item : field.array()) add(item);
  }
  return numbers;
}

std::int64_t read_rank(const JsonNode& object, const char* name) {
  const JsonNode rank = object[name];
  if (!rank.is_number() || !(rank.number() >= 1 && rank.number() <= kMostRank) ||
      rank.number() != std::floor(rank.number()))
    throw bad_data("{}: expected a whole number from 1 to {}", name, kMostRank);
  return static_cast<std::int64_t>(rank.number());
}

PatternValues read_patterns(const JsonNode& field) {
  PatternValues values;
  if (field.is_null()) return values;
  for (const auto& [pattern, number] : field.fields()) values.emplace_back(pattern, number.number());
  return values;
}

// "trainable_token_indices": {"embed_tokens": [1, 2]}, or a list for the embedding, whose name is that of the family.
std::vector<TrainedTokens> read_tokens(const JsonNode& field) {
  std::vector<TrainedTokens> tokens;
  if (field.is_null()) return tokens;
  if (field.is_array()) {
    if (field.size() > 0) tokens.push_back({"", read_integers<std::int32_t>(field)});
    return tokens;
  }
  for (const auto& [module, ids] : field.fields())
    tokens.push_back({std::string(module), read_integers<std::int32_t>(ids)});
  return tokens;
}

// Which layers are adapted.
void read_layers(const JsonNode& root, LoraConfig& config) {
  config.target_pattern.clear();
  if (const JsonNode targets = root["target_modules"]; targets.is_string()) {
    config.target_pattern = targets.string();
  } else {
    config.target_modules = read_names(targets);
  }
  if (const JsonNode exclude = root["exclude_modules"]; exclude.is_string()) {
    config.exclude_pattern = exclude.string();
  } else if (!exclude.is_null()) {
    config.exclude_modules = read_names(exclude);
  }
  if (const JsonNode layers = root["layers_to_transform"]; !layers.is_null())
    config.layers_to_transform = read_integers<std::int64_t>(layers);
  if (root.has("layers_pattern")) config.layers_pattern = read_names(root["layers_pattern"]);
  std::erase(config.layers_pattern, "");
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
    const std::vector<std::string>& names = lora_bias_names();
    const auto found = std::find(names.begin(), names.end(), bias.view());
    if (found == names.end()) throw bias.unexpected("none, all or lora_only");
    config.bias = static_cast<LoraBias>(found - names.begin());
  }
  config.rank = read_rank(root, "r");
  config.lora_alpha = root.get("lora_alpha").number();
  config.lora_dropout = root.number_or("lora_dropout", 0);
  config.use_rslora = root.boolean_or("use_rslora", false);
  config.use_dora = root.boolean_or("use_dora", false);
  config.rank_pattern = read_patterns(root["rank_pattern"]);
  config.alpha_pattern = read_patterns(root["alpha_pattern"]);
  config.base_model_name_or_path = root.string_or("base_model_name_or_path", "");
  read_layers(root, config);
  if (root.has("modules_to_save")) config.modules_to_save = read_names(root["modules_to_save"]);
  config.trainable_tokens = read_tokens(root["trainable_token_indices"]);
  return config;
}

LoraConfig parse_mlx(const JsonNode& root) {
  if (!root.is_object()) throw bad_data("expected a JSON object, as MLX's adapter_config.json");
  LoraConfig config;
  const std::string type = root.string_or("fine_tune_type", "lora");
  if (type == "full") {
    throw bad_data("fine_tune_type: full: this is a whole model trained by MLX, not an adapter")
        .add_remedy("fuse it with mlx_lm.fuse and use the result as a base");
  }
  if (type != "lora" && type != "dora") throw bad_data("fine_tune_type: expected lora or dora, found {}", type);
  config.use_dora = type == "dora" || root.boolean_or("use_dora", false);
  const JsonNode lora = root.get("lora_parameters");
  config.rank = read_rank(lora, "rank");
  // MLX scales by `scale`, PEFT by lora_alpha / r. The first versions scaled by `alpha`, and by 20 without either.
  const double scale = lora.number_or("scale", lora.number_or("alpha", 20));
  config.lora_alpha = scale * static_cast<double>(config.rank);
  config.lora_dropout = lora.number_or("dropout", 0);
  config.base_model_name_or_path = root.string_or("model", "");
  return config;
}

}  // namespace

LoraConfig parse_lora_config(const std::string& json, const std::string& name) { return read_json(json, name, parse); }

bool is_mlx_config(const std::string& json) {
  JsonReader reader;
  try {
    const JsonNode root = reader.parse(json);
    return root.is_object() && !root["peft_type"].exists() &&
           (root["fine_tune_type"].exists() || root["lora_parameters"].exists());
  } catch (const Error&) {
    return false;  // parse_lora_config says what is wrong
  }
}

LoraConfig parse_mlx_config(const std::string& json, const std::string& name) {
  return read_json(json, name, parse_mlx);
}

std::string lora_config_json(const LoraConfig& config, const ModelConfig& model) {
  std::string out;
  JsonWriter json(out);
  const auto names = [&](const std::vector<std::string>& list) {
    json.begin_array();
    for (const std::string& name : list) json.string(name);
    json.end_array();
  };
  const auto integers = [&](const auto& list) {
    json.begin_array();
    for (const auto number : list) json.integer(number);
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
      .field("bias", lora_bias_names()[static_cast<std::size_t>(config.bias)]);
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
  // Only where they say something, as PEFT's readers do not need them otherwise.
  if (!config.exclude_pattern.empty()) json.field("exclude_modules", config.exclude_pattern);
  if (!config.exclude_modules.empty()) {
    json.key("exclude_modules");
    names(config.exclude_modules);
  }
  if (!config.layers_to_transform.empty()) {
    json.key("layers_to_transform");
    integers(config.layers_to_transform);
  }
  if (!config.layers_pattern.empty()) {
    json.key("layers_pattern");
    names(config.layers_pattern);
  }
  if (!config.trainable_tokens.empty()) {
    json.key("trainable_token_indices").begin_object();
    for (const auto& [module, ids] : config.trainable_tokens) {
      json.key(module);
      integers(ids);
    }
    json.end_object();
  }
  json.key("rank_pattern").begin_object();
  for (const auto& [pattern, value] : config.rank_pattern) json.field(pattern, static_cast<std::int64_t>(value));
  json.end_object().key("alpha_pattern").begin_object();
  for (const auto& [pattern, value] : config.alpha_pattern) json.field(pattern, value);
  json.end_object().end_object();
  return out + "\n";
}

}  // namespace matinee
