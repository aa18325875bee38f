#include "lib/model/model_config.h"

#include <simdjson.h>

#include <array>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"

namespace matinee {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Fields that change the mathematics, with the only value that the decoder computes. Anything else is refused.
struct MustBe {
  const char* field;
  const char* json;
};
constexpr std::array<MustBe, 9> kUnderstood{{{"hidden_act", "\"silu\""},
                                             {"attention_bias", "false"},
                                             {"mlp_bias", "false"},
                                             {"quantization_config", "null"},
                                             {"sliding_window", "null"},
                                             {"partial_rotary_factor", "1.0"},
                                             {"attention_dropout", "0.0"},
                                             {"embedding_multiplier", "1.0"},
                                             {"logits_scaling", "1.0"}}};

bool same(element found, const char* json) {
  simdjson::dom::parser parser;
  element wanted;
  if (parser.parse(std::string_view(json)).get(wanted) != simdjson::SUCCESS) return false;
  double a = 0, b = 0;
  if (found.get(a) == simdjson::SUCCESS && wanted.get(b) == simdjson::SUCCESS) return a == b;
  return simdjson::minify(found) == simdjson::minify(wanted);
}

std::int64_t size_field(object config, const char* name, std::optional<std::int64_t> otherwise = {}) {
  element field;
  if (config[name].get(field) != simdjson::SUCCESS || field.is_null()) {
    if (otherwise) return *otherwise;
    throw bad_data("{} is missing", name);
  }
  std::int64_t value = 0;
  // A limit that no product of two widths overflows.
  constexpr std::int64_t kMost = 1 << 24;
  if (field.get(value) != simdjson::SUCCESS || value < 1 || value > kMost) {
    throw bad_data("{}: expected a whole number from 1 to {}, found {}", name, kMost,
                   std::string(simdjson::minify(field)));
  }
  return value;
}

double real_field(object config, const char* name, double otherwise) {
  double value = 0;
  element field;
  if (config[name].get(field) != simdjson::SUCCESS || field.is_null()) return otherwise;
  if (field.get(value) != simdjson::SUCCESS || !(value > 0)) {
    throw bad_data("{}: expected a positive number, found {}", name, std::string(simdjson::minify(field)));
  }
  return value;
}

std::int32_t token_field(object config, const char* name) {
  std::int64_t value = -1;
  element field;
  if (config[name].get(field) != simdjson::SUCCESS) return -1;
  simdjson::dom::array several;
  if (field.get(several) == simdjson::SUCCESS && several.size() > 0) field = several.at(0).value();
  return field.get(value) == simdjson::SUCCESS ? static_cast<std::int32_t>(value) : -1;
}

// Rotary embedding without scaling: "rope_scaling" (null or of type default) beside "rope_theta", or both inside
// "rope_parameters", as newer versions of transformers write it.
double read_rope_theta(object config) {
  double theta = real_field(config, "rope_theta", 10000);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    object rope;
    if (config[name].get(rope) != simdjson::SUCCESS) {
      element other;
      if (config[name].get(other) != simdjson::SUCCESS || other.is_null()) continue;
      throw bad_data("{}: expected an object or null, found {}", name, std::string(simdjson::minify(other)));
    }
    for (const auto& [key, value] : rope) {
      if (key == "rope_theta") {
        theta = real_field(rope, "rope_theta", theta);
      } else if (!(((key == "rope_type" || key == "type") && same(value, "\"default\"")) ||
                   (key == "partial_rotary_factor" && same(value, "1.0")))) {
        throw bad_data("{}.{}: {} is not understood; the decoder computes rotary embedding without scaling", name, key,
                       std::string(simdjson::minify(value)));
      }
    }
  }
  return theta;
}

}  // namespace

std::int64_t ModelConfig::parameters() const {
  const std::int64_t attention = 2 * hidden_size * q_size() + 2 * hidden_size * kv_size();
  const std::int64_t layer = attention + 3 * hidden_size * intermediate_size + 2 * hidden_size;
  return num_hidden_layers * layer + hidden_size + (tie_word_embeddings ? 1 : 2) * vocab_size * hidden_size;
}

ModelConfig parse_model_config(std::string_view json, const std::string& name) {
  return with_context(name, [&] {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(json);
    object root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS)
      throw bad_data("expected a JSON object, as config.json of a model");
    ModelConfig config;
    std::string_view type;
    if (root["model_type"].get(type) != simdjson::SUCCESS) throw bad_data("model_type is missing");
    config.model_type = type;
    if (type != "llama") throw bad_data("model_type: expected llama, found \"{}\"; this family is not supported", type);
    for (const MustBe& rule : kUnderstood) {
      element field;
      if (root[rule.field].get(field) != simdjson::SUCCESS || field.is_null() || same(field, rule.json)) continue;
      throw bad_data("{}: expected {}, found {}; the decoder does not compute this", rule.field, rule.json,
                     std::string(simdjson::minify(field)));
    }
    config.vocab_size = size_field(root, "vocab_size");
    config.hidden_size = size_field(root, "hidden_size");
    config.intermediate_size = size_field(root, "intermediate_size");
    config.num_hidden_layers = size_field(root, "num_hidden_layers");
    config.num_attention_heads = size_field(root, "num_attention_heads");
    config.num_key_value_heads = size_field(root, "num_key_value_heads", config.num_attention_heads);
    if (config.num_attention_heads % config.num_key_value_heads != 0) {
      throw bad_data("num_attention_heads {} is no multiple of num_key_value_heads {}", config.num_attention_heads,
                     config.num_key_value_heads);
    }
    element head_dim;
    const bool given = root["head_dim"].get(head_dim) == simdjson::SUCCESS && !head_dim.is_null();
    if (!given && config.hidden_size % config.num_attention_heads != 0) {
      throw bad_data("hidden_size {} is no multiple of num_attention_heads {}", config.hidden_size,
                     config.num_attention_heads);
    }
    config.head_dim = size_field(root, "head_dim", config.hidden_size / config.num_attention_heads);
    if (config.head_dim % 2 != 0) throw bad_data("head_dim {} is odd; rotary embedding needs pairs", config.head_dim);
    config.max_position_embeddings = size_field(root, "max_position_embeddings", 2048);
    config.rms_norm_eps = real_field(root, "rms_norm_eps", 1e-6);
    config.rope_theta = read_rope_theta(root);
    bool tied = false;
    config.tie_word_embeddings = root["tie_word_embeddings"].get(tied) == simdjson::SUCCESS && tied;
    config.bos_token_id = token_field(root, "bos_token_id");
    config.eos_token_id = token_field(root, "eos_token_id");
    return config;
  });
}

ModelConfig read_model_config(const std::string& folder) {
  const std::string path = folder + "/config.json";
  return parse_model_config(read_text(path), path);
}

std::string model_config_json(const ModelConfig& config, std::string_view dtype) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("architectures").begin_array().string("LlamaForCausalLM").end_array();
  json.field("model_type", config.model_type)
      .field("vocab_size", config.vocab_size)
      .field("hidden_size", config.hidden_size);
  json.field("intermediate_size", config.intermediate_size).field("num_hidden_layers", config.num_hidden_layers);
  json.field("num_attention_heads", config.num_attention_heads)
      .field("num_key_value_heads", config.num_key_value_heads);
  json.field("head_dim", config.head_dim).field("max_position_embeddings", config.max_position_embeddings);
  json.field("rms_norm_eps", config.rms_norm_eps).field("rope_theta", config.rope_theta).field("hidden_act", "silu");
  json.field("attention_bias", false).field("mlp_bias", false).field("tie_word_embeddings", config.tie_word_embeddings);
  json.field("bos_token_id", config.bos_token_id).field("eos_token_id", config.eos_token_id);
  json.field("torch_dtype", dtype).end_object();
  return out + "\n";
}

}  // namespace matinee
