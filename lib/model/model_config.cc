#include "lib/model/model_config.h"

#include <cmath>

#include "lib/base/format_error.h"
#include "lib/io/base_files.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"
#include "lib/model/config_fields.h"
#include "lib/model/families.h"
#include "lib/model/gguf_model.h"
#include "lib/model/rotary_config.h"
#include "lib/model/unread_fields.h"

namespace matinee {
namespace {

constexpr const char* kQueryScalar = "query_pre_attn_scalar";
constexpr const char *kAttentionSoftcap = "attn_logit_softcapping", *kLogitSoftcap = "final_logit_softcapping";

std::int32_t token_field(const JsonNode& config, const char* name) {
  const JsonNode field = config[name];
  const JsonNode id = field.is_array() && field.size() > 0 ? field.array().front() : field;
  return id.is_number() ? static_cast<std::int32_t>(id.integer()) : -1;
}

Activation read_activation(const JsonNode& config, const Family& family) {
  // Gemma's files have two names for the field, of which the newer may be null.
  const JsonNode newer = config["hidden_activation"];
  const JsonNode field =
      family.reads("hidden_activation") && !newer.is_null() ? newer : config[family.words.activation];
  if (!field.is_null() && !field.is_string()) throw field.unexpected("a name");
  const std::string_view name = field.is_null() ? family.defaults.activation : field.view();
  if (name == "gelu" && family.facts.gelu_is_tanh) return Activation::kGeluTanh;
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
    case Activation::kSilu: return "silu";
    case Activation::kGeluTanh: return "gelu_new";
    case Activation::kGeluExact: return "gelu";
    case Activation::kRelu: return "relu";
  }
  return "";
}

// Reads which layers have a sliding window, and its width.
void read_window(const JsonNode& root, const Family& family, ModelConfig& facts) {
  const JsonNode field = root["sliding_window"];
  if (family.defaults.sliding_window == 0) {
    if (field.is_null()) return;
    throw bad_data("sliding_window: expected null, found {}; this family has none", field.text());
  }
  const bool off = field.is_null() && (field.exists() || family.defaults.sliding_window == Family::kNoWindow);
  const bool used = !family.facts.window_is_optional || root.boolean_or("use_sliding_window", false);
  if (!used) return;
  if (!off) facts.sliding_window = size_field(root, "sliding_window", family.defaults.sliding_window);
  // The layers matter without a window, too, if their rotation differs.
  if (off && facts.rope_local_theta == 0) return;
  const auto layers = static_cast<std::size_t>(facts.num_hidden_layers);
  if (const JsonNode types = root["layer_types"]; types.is_array()) {
    for (const JsonNode& type : types.array()) {
      const bool sliding = equals(type, "\"sliding_attention\"");
      if (!sliding && !equals(type, "\"full_attention\"")) {
        throw bad_data("layer_types: {} is not understood; expected full_attention or sliding_attention", type.text());
      }
      facts.sliding_layers.push_back(sliding);
    }
    if (facts.sliding_layers.size() != layers) {
      throw bad_data("layer_types: expected one for each of {} layers, found {}", layers, facts.sliding_layers.size());
    }
  } else if (!facts.rotary_layers.empty()) {
    facts.sliding_layers = facts.rotary_layers;
    facts.sliding_layers.flip();
  } else if (family.defaults.sliding_window_pattern > 0) {
    const auto pattern = static_cast<std::size_t>(
        family.reads("sliding_window_pattern")
            ? size_field(root, "sliding_window_pattern", family.defaults.sliding_window_pattern)
            : family.defaults.sliding_window_pattern);
    for (std::size_t layer = 1; layer <= layers; ++layer) facts.sliding_layers.push_back(layer % pattern != 0);
  } else if (family.facts.window_is_optional) {
    const JsonNode from = root["max_window_layers"];
    const std::int64_t first = from.exists() ? from.integer() : 28;
    for (std::size_t layer = 0; layer < layers; ++layer)
      facts.sliding_layers.push_back(static_cast<std::int64_t>(layer) >= first);
  }
}

bool has_biases(Biases biases, const JsonNode& root, const char* field) {
  if (biases == Biases::kByConfig || biases == Biases::kUnlessOff)
    return root.boolean_or(field, biases == Biases::kUnlessOff);
  if (root.boolean_or(field, biases == Biases::kAlways) != (biases == Biases::kAlways)) {
    throw bad_data("{}: expected {}; this family is not known otherwise", field, biases == Biases::kAlways);
  }
  return biases == Biases::kAlways;
}

void read_sizes(const JsonNode& root, const Family& family, ModelConfig& config) {
  const Family::Words& words = family.words;
  config.vocab_size = size_field(root, "vocab_size");
  config.hidden_size = size_field(root, words.hidden_size);
  config.intermediate_size =
      family.defaults.intermediate_factor > 0
          ? size_field(root, words.intermediate_size, family.defaults.intermediate_factor * config.hidden_size)
          : size_field(root, words.intermediate_size);
  config.num_hidden_layers = size_field(root, words.num_hidden_layers);
  config.num_attention_heads = size_field(root, words.num_attention_heads);
  if (!root["num_key_value_heads"].exists() && !family.defaults.kv_heads_are_heads)
    throw bad_data("num_key_value_heads is missing");
  config.num_key_value_heads = size_field(root, "num_key_value_heads", config.num_attention_heads);
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    throw bad_data("{} {} is no multiple of num_key_value_heads {}", words.num_attention_heads,
                   config.num_attention_heads, config.num_key_value_heads);
  }
  const bool given = root.has("head_dim");
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

// Layers without rotation: `no_rope_layers` has a 1 for each layer that rotates; without it, every n-th does not.
void read_rotary_layers(const JsonNode& root, ModelConfig& config) {
  const auto layers = static_cast<std::size_t>(config.num_hidden_layers);
  const JsonNode listed = root["no_rope_layers"];
  if (listed.is_array()) {
    for (const JsonNode& rotates : listed.array()) config.rotary_layers.push_back(!equals(rotates, "0"));
    if (config.rotary_layers.size() < layers) {
      throw bad_data("no_rope_layers: expected one for each of {} layers, found {}", layers,
                     config.rotary_layers.size());
    }
    config.rotary_layers.resize(layers);
    return;
  }
  const auto interval = static_cast<std::size_t>(size_field(root, "no_rope_layer_interval", 4));
  for (std::size_t layer = 1; layer <= layers; ++layer) config.rotary_layers.push_back(layer % interval != 0);
}

void read_positions(const JsonNode& root, const Family& family, ModelConfig& config) {
  config.learned_positions = family.facts.learned_positions;
  config.rotary_style = family.facts.rotary_style;
  if (config.learned_positions) return;
  read_rotary(root, family, config);
  if (family.reads("no_rope_layers")) read_rotary_layers(root, config);
}

// A soft cap, which null switches off.
double softcap_field(const JsonNode& root, const char* name, double otherwise) {
  const JsonNode field = root[name];
  if (field.is_null()) return field.exists() ? 0 : otherwise;
  const double cap = positive_field(root, name, otherwise);
  if (cap < 1e-3 || cap > 1e6) throw field.unexpected("null or a number from 0.001 to 1000000");
  return cap;
}

void read_softcaps(const JsonNode& root, const Family& family, ModelConfig& config) {
  if (!family.reads(kAttentionSoftcap)) return;
  config.attention_softcap = softcap_field(root, kAttentionSoftcap, family.defaults.attention_softcap);
  config.logit_softcap = softcap_field(root, kLogitSoftcap, family.defaults.logit_softcap);
}

void read_multipliers(const JsonNode& root, const Family& family, ModelConfig& config) {
  if (family.facts.scaled_embedding) config.embedding_multiplier = std::sqrt(static_cast<double>(config.hidden_size));
  if (family.reads(kQueryScalar)) {
    const double scalar = positive_field(root, kQueryScalar, family.defaults.query_pre_attn_scalar);
    if (scalar != std::floor(scalar) || scalar > 1 << 24)
      throw root[kQueryScalar].unexpected("a whole number from 1 to 16777216");
    config.attention_multiplier = 1 / std::sqrt(scalar);
  }
  if (!family.reads("embedding_multiplier")) return;
  config.embedding_multiplier = positive_field(root, "embedding_multiplier", 1);
  config.attention_multiplier = positive_field(root, "attention_multiplier", 1);
  config.residual_multiplier = positive_field(root, "residual_multiplier", 1);
  config.logits_scaling = positive_field(root, "logits_scaling", 1);
}

}  // namespace

ModelConfig parse_model_config(std::string_view json, const std::string& name, const IgnoredFields& ignored) {
  return read_json(json, name, [&](const JsonNode& root) {
    if (!root.is_object()) throw bad_data("expected a JSON object, as config.json of a model");
    if (!root["model_type"].is_string()) throw missing_field(root, "model_type");
    const std::string_view type = root["model_type"].view();
    const Family* family = find_family(type);
    if (family == nullptr) {
      std::string known;
      for (const Family& each : families()) known += std::string(known.empty() ? "" : ", ") + each.model_type;
      throw bad_data("model_type: expected one of {}; found \"{}\"; this family is not supported", known, type);
    }
    require_known_fields(root, *family, ignored);
    ModelConfig config;
    config.model_type = type;
    config.norm = family->facts.norm;
    config.gated_mlp = family->facts.gated_mlp;
    config.parallel_block = family->facts.parallel_block;
    if (family->reads("use_parallel_residual")) config.parallel_block = root.boolean_or("use_parallel_residual", true);
    config.pre_norms = family->facts.pre_norms;
    config.post_norms = family->facts.post_norms;
    config.shared_norm = family->facts.shared_norm;
    config.norm_offset = family->facts.norm_offset;
    config.qk_norm = family->facts.qk_norm;
    config.qk_norm_of_heads = family->facts.qk_norm_of_heads;
    config.head_bias = family->facts.head_bias;
    read_sizes(root, *family, config);
    read_positions(root, *family, config);
    read_window(root, *family, config);
    read_multipliers(root, *family, config);
    read_softcaps(root, *family, config);
    config.norm_eps = positive_field(root, family->words.norm_eps, family->defaults.norm_eps);
    config.activation = read_activation(root, *family);
    // attention_bias covers q, k, v and o; a family that fixes o's bias fixes it apart from q's.
    config.qkv_bias = has_biases(family->facts.qkv_bias, root, "attention_bias");
    config.o_bias =
        family->facts.o_bias == Biases::kByConfig ? config.qkv_bias : family->facts.o_bias == Biases::kAlways;
    config.mlp_bias = has_biases(family->facts.mlp_bias, root, "mlp_bias");
    config.tie_word_embeddings = root.boolean_or("tie_word_embeddings", family->defaults.tie_word_embeddings);
    if (config.tie_word_embeddings && config.head_bias)
      throw bad_data("tie_word_embeddings: expected false, found true; this family's head has a bias of its own");
    config.bos_token_id = token_field(root, "bos_token_id");
    config.eos_token_id = token_field(root, "eos_token_id");
    return config;
  });
}

ModelConfig parse_model_config(std::string_view json, const std::string& name) {
  return parse_model_config(json, name, {});
}

ModelConfig read_model_config(const std::string& base) { return read_model_config(base, {}); }

ModelConfig read_model_config(const std::string& base, const IgnoredFields& ignored) {
  if (const auto gguf = gguf_of_base(base)) return gguf_config(GgufFile(*gguf));
  const std::string path = base + "/config.json";
  return parse_model_config(read_text(path), path, ignored);
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
  write_rotary(config, json);
  if (!config.rotary_layers.empty()) {
    json.key("no_rope_layers").begin_array();
    for (const bool rotates : config.rotary_layers) json.integer(rotates ? 1 : 0);
    json.end_array();
  }
  if (family.reads(kQueryScalar)) {
    // A whole number in every file, and transformers expects one.
    json.field(kQueryScalar, std::llround(1 / (config.attention_multiplier * config.attention_multiplier)));
  }
  if (family.reads(kAttentionSoftcap)) {
    const auto softcap = [&](const char* name, double cap) {
      json.key(name);
      cap > 0 ? json.number(cap) : json.null();
    };
    softcap(kAttentionSoftcap, config.attention_softcap);
    softcap(kLogitSoftcap, config.logit_softcap);
  }
  if (family.reads("embedding_multiplier")) {
    json.field("embedding_multiplier", config.embedding_multiplier)
        .field("attention_multiplier", config.attention_multiplier)
        .field("residual_multiplier", config.residual_multiplier)
        .field("logits_scaling", config.logits_scaling);
  }
  if (family.defaults.sliding_window != 0) {
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
  if (family.reads("use_parallel_residual")) json.field("use_parallel_residual", config.parallel_block);
  if (family.facts.qkv_bias == Biases::kByConfig || family.facts.qkv_bias == Biases::kUnlessOff)
    json.field("attention_bias", config.qkv_bias);
  if (family.facts.mlp_bias == Biases::kByConfig) json.field("mlp_bias", config.mlp_bias);
  json.field("tie_word_embeddings", config.tie_word_embeddings);
  json.field("bos_token_id", config.bos_token_id).field("eos_token_id", config.eos_token_id);
  json.field("torch_dtype", dtype).end_object();
  return out + "\n";
}

}  // namespace matinee
