#include "lib/model/model_config.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"
#include "lib/model/families.h"

namespace matinee {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

// Fields that change the mathematics, with the only value that the decoder computes. Anything else is refused.
struct MustBe {
  const char* field;
  const char* json;
};
constexpr std::array<MustBe, 10> kUnderstood{{{"quantization_config", "null"},
                                              {"partial_rotary_factor", "1.0"},
                                              {"embedding_multiplier", "1.0"},
                                              {"residual_multiplier", "1.0"},
                                              {"logits_scaling", "1.0"},
                                              {"rotary", "true"},
                                              {"scale_attn_weights", "true"},
                                              {"scale_attn_by_inverse_layer_idx", "false"},
                                              {"add_cross_attention", "false"},
                                              {"is_encoder_decoder", "false"}}};

// Fields that are read below, or that say nothing about what a forward pass computes: how the model was begun, trained
// and is sampled, dropouts, how its code runs. Any field that is not here must be off: null, false or empty.
constexpr std::array<std::string_view, 71> kKnown{"architectures",
                                                  "model_type",
                                                  "vocab_size",
                                                  "hidden_size",
                                                  "n_embd",
                                                  "intermediate_size",
                                                  "n_inner",
                                                  "num_hidden_layers",
                                                  "n_layer",
                                                  "num_attention_heads",
                                                  "n_head",
                                                  "num_key_value_heads",
                                                  "head_dim",
                                                  "max_position_embeddings",
                                                  "n_positions",
                                                  "n_ctx",
                                                  "rms_norm_eps",
                                                  "layer_norm_epsilon",
                                                  "hidden_act",
                                                  "activation_function",
                                                  "rotary_dim",
                                                  "rope_theta",
                                                  "rope_scaling",
                                                  "rope_parameters",
                                                  "attention_bias",
                                                  "mlp_bias",
                                                  "sliding_window",
                                                  "use_sliding_window",
                                                  "max_window_layers",
                                                  "layer_types",
                                                  "tie_word_embeddings",
                                                  "dtype",
                                                  "torch_dtype",
                                                  "initializer_range",
                                                  "use_cache",
                                                  "reorder_and_upcast_attn",
                                                  "attention_dropout",
                                                  "attn_implementation",
                                                  "pretraining_tp",
                                                  "transformers_version",
                                                  "tokenizer_class",
                                                  "task_specific_params",
                                                  "name_or_path",
                                                  "keys_to_ignore_at_inference",
                                                  "return_dict",
                                                  "chunk_size_feed_forward",
                                                  "id2label",
                                                  "label2id",
                                                  "max_length",
                                                  "min_length",
                                                  "max_new_tokens",
                                                  "do_sample",
                                                  "num_beams",
                                                  "num_beam_groups",
                                                  "num_return_sequences",
                                                  "temperature",
                                                  "top_k",
                                                  "top_p",
                                                  "typical_p",
                                                  "repetition_penalty",
                                                  "length_penalty",
                                                  "diversity_penalty",
                                                  "no_repeat_ngram_size",
                                                  "encoder_no_repeat_ngram_size",
                                                  "output_attentions",
                                                  "output_hidden_states",
                                                  "output_past",
                                                  "use_bfloat16",
                                                  "unsloth_fixed",
                                                  "auto_map",
                                                  "model_max_length"};
constexpr std::array<std::string_view, 3> kKnownBeginnings{"_", "summary_", "transformers.js"};
constexpr std::array<std::string_view, 4> kKnownEnds{"_token_id", "_pdrop", "_version", "_dropout"};
constexpr std::array<std::string_view, 4> kOff{"null", "false", "{}", "[]"};

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

bool is_known(std::string_view field) {
  const auto begins = [&](std::string_view beginning) { return field.starts_with(beginning); };
  const auto ends = [&](std::string_view end) { return field.ends_with(end); };
  return std::find(kKnown.begin(), kKnown.end(), field) != kKnown.end() ||
         std::any_of(kKnownBeginnings.begin(), kKnownBeginnings.end(), begins) ||
         std::any_of(kKnownEnds.begin(), kKnownEnds.end(), ends);
}

void refuse_what_is_not_computed(object root) {
  for (const auto& [key, value] : root) {
    const auto rule = std::find_if(kUnderstood.begin(), kUnderstood.end(),
                                   [field = std::string_view(key)](const MustBe& must) { return field == must.field; });
    const std::string found = simdjson::minify(value);
    if (rule != kUnderstood.end()) {
      if (value.is_null() || same(value, rule->json)) continue;
      throw bad_data("{}: expected {}, found {}; the decoder does not compute this", key, rule->json, found);
    }
    if (is_known(key) || std::find(kOff.begin(), kOff.end(), found) != kOff.end()) continue;
    throw bad_data("{}: {} is not known, so the decoder cannot tell whether it changes the mathematics", key, found)
        .add_remedy("where it does not, take it out of the file");
  }
}

bool flag_field(object config, const char* name, bool otherwise) {
  element field;
  if (config[name].get(field) != simdjson::SUCCESS || field.is_null()) return otherwise;
  bool value = false;
  if (field.get(value) != simdjson::SUCCESS) {
    throw bad_data("{}: expected true or false, found {}", name, std::string(simdjson::minify(field)));
  }
  return value;
}

// The rotary facts: "rope_theta" beside "rope_scaling", or both inside "rope_parameters" as newer versions of
// transformers write it.
void read_rotary(object config, ModelConfig& facts) {
  facts.rope_theta = real_field(config, "rope_theta", 10000);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    object rope;
    if (config[name].get(rope) != simdjson::SUCCESS) {
      element other;
      if (config[name].get(other) != simdjson::SUCCESS || other.is_null()) continue;
      throw bad_data("{}: expected an object or null, found {}", name, std::string(simdjson::minify(other)));
    }
    with_context(name, [&] {
      std::string_view type = "default";
      if (rope["rope_type"].get(type) != simdjson::SUCCESS && rope["type"].get(type) != simdjson::SUCCESS) {
        type = "default";
      }
      facts.rope_theta = real_field(rope, "rope_theta", facts.rope_theta);
      const auto known = [&](std::initializer_list<std::string_view> keys) {
        for (const auto& [key, value] : rope) {
          if (key == "rope_type" || key == "type" || key == "rope_theta") continue;
          if (key == "partial_rotary_factor" && same(value, "1.0")) continue;
          if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
          throw bad_data("{}: {} is not understood with type \"{}\"", key, std::string(simdjson::minify(value)), type);
        }
      };
      const auto needed = [&](const char* key) {
        const double value = real_field(rope, key, 0);
        if (value == 0) throw bad_data("{} is missing", key);
        return value;
      };
      if (type == "default") {
        known({});
        return;
      }
      if (type != "linear" && type != "dynamic" && type != "llama3") {
        throw bad_data("type \"{}\" is not understood; expected default, linear, dynamic or llama3", type);
      }
      facts.rope_factor = needed("factor");
      if (type == "linear") {
        known({"factor"});
        facts.rope_scaling = RotaryScaling::kLinear;
      } else if (type == "dynamic") {
        known({"factor"});
        facts.rope_scaling = RotaryScaling::kDynamic;
      } else {
        known({"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"});
        facts.rope_scaling = RotaryScaling::kLlama3;
        facts.rope_low_freq_factor = needed("low_freq_factor");
        facts.rope_high_freq_factor = needed("high_freq_factor");
        if (facts.rope_high_freq_factor <= facts.rope_low_freq_factor)
          throw bad_data("high_freq_factor: expected more than low_freq_factor");
        facts.rope_original_max_positions = size_field(rope, "original_max_position_embeddings");
      }
    });
  }
}

Activation read_activation(object config, const Family& family) {
  std::string_view name = family.defaults.activation;
  element field;
  if (config[family.words.activation].get(field) == simdjson::SUCCESS && !field.is_null() &&
      field.get(name) != simdjson::SUCCESS) {
    throw bad_data("{}: expected a name, found {}", family.words.activation, std::string(simdjson::minify(field)));
  }
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh" || name == "gelu_fast") return Activation::kGeluTanh;
  if (name == "gelu") return Activation::kGeluExact;
  if (name == "relu") return Activation::kRelu;
  throw bad_data(
      "{}: expected silu, gelu, gelu_new, gelu_pytorch_tanh or relu, found \"{}\"; the decoder does not compute this",
      family.words.activation, name);
}

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return "silu";
    case Activation::kGeluTanh:
      return "gelu_new";
    case Activation::kGeluExact:
      return "gelu";
    case Activation::kRelu:
      return "relu";
  }
  return "";
}

// Which layers see a window only, and how wide it is.
void read_window(object root, const Family& family, ModelConfig& facts) {
  if (family.defaults.sliding_window == 0) {
    element field;
    if (root["sliding_window"].get(field) == simdjson::SUCCESS && !field.is_null()) {
      throw bad_data("sliding_window: expected null, found {}; this family has none",
                     std::string(simdjson::minify(field)));
    }
    return;
  }
  element field;
  const bool off = root["sliding_window"].get(field) == simdjson::SUCCESS && field.is_null();
  const bool wanted = !family.facts.window_is_optional || flag_field(root, "use_sliding_window", false);
  if (off || !wanted) return;
  facts.sliding_window = size_field(root, "sliding_window", family.defaults.sliding_window);
  const auto layers = static_cast<std::size_t>(facts.num_hidden_layers);
  simdjson::dom::array types;
  if (root["layer_types"].get(types) == simdjson::SUCCESS) {
    for (const element type : types) {
      const bool sliding = same(type, "\"sliding_attention\"");
      if (!sliding && !same(type, "\"full_attention\"")) {
        throw bad_data("layer_types: {} is not understood; expected full_attention or sliding_attention",
                       std::string(simdjson::minify(type)));
      }
      facts.sliding_layers.push_back(sliding);
    }
    if (facts.sliding_layers.size() != layers) {
      throw bad_data("layer_types: expected one for each of {} layers, found {}", layers, facts.sliding_layers.size());
    }
  } else if (family.facts.window_is_optional) {
    element from;
    std::int64_t first = 28;
    if (root["max_window_layers"].get(from) == simdjson::SUCCESS && from.get(first) != simdjson::SUCCESS)
      throw bad_data("max_window_layers: expected a whole number");
    for (std::size_t layer = 0; layer < layers; ++layer)
      facts.sliding_layers.push_back(static_cast<std::int64_t>(layer) >= first);
  }
}

bool has_biases(Biases biases, object root, const char* field) {
  if (biases == Biases::kByConfig) return flag_field(root, field, false);
  if (flag_field(root, field, biases == Biases::kAlways) != (biases == Biases::kAlways)) {
    throw bad_data("{}: expected {}; this family is not known otherwise", field, biases == Biases::kAlways);
  }
  return biases == Biases::kAlways;
}

void read_sizes(object root, const Family& family, ModelConfig& config) {
  const Family::Words& words = family.words;
  config.vocab_size = size_field(root, "vocab_size");
  config.hidden_size = size_field(root, words.hidden_size);
  config.intermediate_size =
      family.defaults.intermediate_factor > 0
          ? size_field(root, words.intermediate_size, family.defaults.intermediate_factor * config.hidden_size)
          : size_field(root, words.intermediate_size);
  config.num_hidden_layers = size_field(root, words.num_hidden_layers);
  config.num_attention_heads = size_field(root, words.num_attention_heads);
  element field;
  const bool kv_given = root["num_key_value_heads"].get(field) == simdjson::SUCCESS;
  if (!kv_given && !family.defaults.kv_heads_are_heads) throw bad_data("num_key_value_heads is missing");
  config.num_key_value_heads = size_field(root, "num_key_value_heads", config.num_attention_heads);
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    throw bad_data("{} {} is no multiple of num_key_value_heads {}", words.num_attention_heads,
                   config.num_attention_heads, config.num_key_value_heads);
  }
  const bool given = root["head_dim"].get(field) == simdjson::SUCCESS && !field.is_null();
  if (!given && family.defaults.head_dim == 0 && config.hidden_size % config.num_attention_heads != 0) {
    throw bad_data("{} {} is no multiple of {} {}", words.hidden_size, config.hidden_size, words.num_attention_heads,
                   config.num_attention_heads);
  }
  config.head_dim = size_field(
      root, "head_dim",
      family.defaults.head_dim > 0 ? family.defaults.head_dim : config.hidden_size / config.num_attention_heads);
  config.max_position_embeddings =
      size_field(root, words.max_position_embeddings, family.defaults.max_position_embeddings);
}

void read_positions(object root, const Family& family, ModelConfig& config) {
  config.learned_positions = family.facts.learned_positions;
  config.rotary_style = family.facts.rotary_style;
  if (config.learned_positions) return;
  config.rotary_dim = size_field(root, "rotary_dim", config.head_dim);
  if (config.rotary_dim > config.head_dim) {
    throw bad_data("rotary_dim: expected at most the width of a head, {}, found {}", config.head_dim,
                   config.rotary_dim);
  }
  if (config.rotary_dim % 2 != 0) {
    throw bad_data("{} {} is odd; rotary embedding needs pairs",
                   config.rotary_dim == config.head_dim ? "head_dim" : "rotary_dim", config.rotary_dim);
  }
  if (config.rotary_dim == config.head_dim) config.rotary_dim = 0;
  read_rotary(root, config);
}

}  // namespace

ModelConfig parse_model_config(std::string_view json, const std::string& name) {
  return with_context(name, [&] {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(json);
    object root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS)
      throw bad_data("expected a JSON object, as config.json of a model");
    std::string_view type;
    if (root["model_type"].get(type) != simdjson::SUCCESS) throw bad_data("model_type is missing");
    const Family* family = find_family(type);
    if (family == nullptr) {
      std::string known;
      for (const Family& each : families()) known += std::string(known.empty() ? "" : ", ") + each.model_type;
      throw bad_data("model_type: expected one of {}; found \"{}\"; this family is not supported", known, type);
    }
    refuse_what_is_not_computed(root);
    ModelConfig config;
    config.model_type = type;
    config.norm = family->facts.norm;
    config.gated_mlp = family->facts.gated_mlp;
    config.parallel_block = family->facts.parallel_block;
    config.qk_norm = family->facts.qk_norm;
    config.head_bias = family->facts.head_bias;
    read_sizes(root, *family, config);
    read_positions(root, *family, config);
    read_window(root, *family, config);
    config.norm_eps = real_field(root, family->words.norm_eps, config.norm == NormKind::kRms ? 1e-6 : 1e-5);
    config.activation = read_activation(root, *family);
    // One field speaks for the biases of q, k, v and o; where a family fixes them otherwise it must agree with q's.
    config.qkv_bias = has_biases(family->facts.qkv_bias, root, "attention_bias");
    config.o_bias =
        family->facts.o_bias == Biases::kByConfig ? config.qkv_bias : family->facts.o_bias == Biases::kAlways;
    config.mlp_bias = has_biases(family->facts.mlp_bias, root, "mlp_bias");
    config.tie_word_embeddings = flag_field(root, "tie_word_embeddings", family->defaults.tie_word_embeddings);
    if (config.tie_word_embeddings && config.head_bias)
      throw bad_data("tie_word_embeddings: expected false, found true; this family's head has a bias of its own");
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
  const Family& family = family_of(config);
  const Family::Words& words = family.words;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("architectures").begin_array().string(family.architecture).end_array();
  json.field("model_type", config.model_type)
      .field("vocab_size", config.vocab_size)
      .field(words.hidden_size, config.hidden_size)
      .field(words.intermediate_size, config.intermediate_size)
      .field(words.num_hidden_layers, config.num_hidden_layers)
      .field(words.num_attention_heads, config.num_attention_heads);
  if (family.facts.norm == NormKind::kRms) {
    json.field("num_key_value_heads", config.num_key_value_heads).field("head_dim", config.head_dim);
  }
  json.field(words.max_position_embeddings, config.max_position_embeddings).field(words.norm_eps, config.norm_eps);
  if (config.rotary_dim > 0) json.field("rotary_dim", config.rotary_dim);
  if (family.facts.norm == NormKind::kRms) json.field("rope_theta", config.rope_theta);
  if (config.rope_scaling != RotaryScaling::kNone) {
    constexpr std::array<const char*, 4> names{"default", "linear", "dynamic", "llama3"};
    json.key("rope_scaling").begin_object().field("rope_type", names[static_cast<std::size_t>(config.rope_scaling)]);
    json.field("factor", config.rope_factor);
    if (config.rope_scaling == RotaryScaling::kLlama3) {
      json.field("low_freq_factor", config.rope_low_freq_factor)
          .field("high_freq_factor", config.rope_high_freq_factor)
          .field("original_max_position_embeddings", config.rope_original_max_positions);
    }
    json.end_object();
  }
  if (family.defaults.sliding_window > 0) {
    if (family.facts.window_is_optional) json.field("use_sliding_window", config.sliding_window > 0);
    json.key("sliding_window");
    config.sliding_window > 0 ? json.integer(config.sliding_window) : json.null();
    if (!config.sliding_layers.empty()) {
      json.key("layer_types").begin_array();
      for (const bool sliding : config.sliding_layers) json.string(sliding ? "sliding_attention" : "full_attention");
      json.end_array();
    }
  }
  json.field(words.activation, name_of(config.activation));
  if (family.facts.qkv_bias == Biases::kByConfig) json.field("attention_bias", config.qkv_bias);
  if (family.facts.mlp_bias == Biases::kByConfig) json.field("mlp_bias", config.mlp_bias);
  json.field("tie_word_embeddings", config.tie_word_embeddings);
  json.field("bos_token_id", config.bos_token_id).field("eos_token_id", config.eos_token_id);
  json.field("torch_dtype", dtype).end_object();
  return out + "\n";
}

}  // namespace matinee
