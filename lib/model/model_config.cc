#include "lib/model/model_config.h"

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"
#include "lib/io/text_reader.h"
#include "lib/model/config_fields.h"
#include "lib/model/families.h"
#include "lib/model/rotary_config.h"

namespace matinee {
namespace {

// Fields that change what a forward pass computes, with the only value that the decoder supports.
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

// Fields that are read below, and fields that do not change a forward pass: initialization, training, sampling,
// dropouts, how transformers runs the model. Any other field must be off: null, false or empty.
constexpr std::string_view kKnown =
    "architectures model_type vocab_size hidden_size n_embd intermediate_size n_inner num_hidden_layers "
    "n_layer num_attention_heads n_head num_key_value_heads head_dim max_position_embeddings n_positions "
    "n_ctx rms_norm_eps layer_norm_epsilon hidden_act activation_function rotary_dim rope_theta rope_scaling "
    "rope_parameters attention_bias mlp_bias sliding_window use_sliding_window max_window_layers layer_types "
    "tie_word_embeddings dtype torch_dtype initializer_range use_cache reorder_and_upcast_attn "
    "attention_dropout attn_implementation pretraining_tp transformers_version tokenizer_class "
    "task_specific_params name_or_path keys_to_ignore_at_inference return_dict chunk_size_feed_forward "
    "id2label label2id max_length min_length max_new_tokens do_sample num_beams num_beam_groups "
    "num_return_sequences temperature top_k top_p typical_p repetition_penalty length_penalty "
    "diversity_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size output_attentions "
    "output_hidden_states output_past use_bfloat16 unsloth_fixed auto_map model_max_length";
constexpr std::array<std::string_view, 3> kKnownBeginnings{"_", "summary_", "transformers.js"};
constexpr std::array<std::string_view, 4> kKnownEnds{"_token_id", "_pdrop", "_version", "_dropout"};

std::int32_t token_field(const JsonNode& config, const char* name) {
  const JsonNode field = config[name];
  const JsonNode id = field.is_array() && field.size() > 0 ? field.array().front() : field;
  return id.is_number() ? static_cast<std::int32_t>(id.integer()) : -1;
}

bool is_known(std::string_view field) {
  const auto begins = [&](std::string_view beginning) { return field.starts_with(beginning); };
  const auto ends = [&](std::string_view end) { return field.ends_with(end); };
  return is_listed(kKnown, field) || std::any_of(kKnownBeginnings.begin(), kKnownBeginnings.end(), begins) ||
         std::any_of(kKnownEnds.begin(), kKnownEnds.end(), ends);
}

void refuse_what_is_not_computed(const JsonNode& root) {
  for (const auto& [key, value] : root.fields()) {
    const auto* rule = std::find_if(kUnderstood.begin(), kUnderstood.end(),
                                    [field = key](const MustBe& must) { return field == must.field; });
    if (rule != kUnderstood.end()) {
      if (value.is_null() || equals(value, rule->json)) continue;
      throw bad_data("{}: expected {}, found {}; the decoder does not compute this", key, rule->json, value.text());
    }
    if (is_known(key) || is_off(value)) continue;
    throw bad_data("{}: {} is not known, so the decoder cannot tell whether it changes the mathematics", key,
                   value.text())
        .add_remedy("where it does not, take it out of the file");
  }
}

Activation read_activation(const JsonNode& config, const Family& family) {
  const JsonNode field = config[family.words.activation];
  if (!field.is_null() && !field.is_string()) throw field.unexpected("a name");
  const std::string_view name = field.is_null() ? family.defaults.activation : field.view();
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
  const bool off = field.exists() && field.is_null();
  const bool used = !family.facts.window_is_optional || root.boolean_or("use_sliding_window", false);
  if (off || !used) return;
  facts.sliding_window = size_field(root, "sliding_window", family.defaults.sliding_window);
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
  } else if (family.facts.window_is_optional) {
    const JsonNode from = root["max_window_layers"];
    const std::int64_t first = from.exists() ? from.integer() : 28;
    for (std::size_t layer = 0; layer < layers; ++layer)
      facts.sliding_layers.push_back(static_cast<std::int64_t>(layer) >= first);
  }
}

bool has_biases(Biases biases, const JsonNode& root, const char* field) {
  if (biases == Biases::kByConfig) return root.boolean_or(field, false);
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

void read_positions(const JsonNode& root, const Family& family, ModelConfig& config) {
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
  return read_json(json, name, [](const JsonNode& root) {
    if (!root.is_object()) throw bad_data("expected a JSON object, as config.json of a model");
    if (!root["model_type"].is_string()) throw missing_field(root, "model_type");
    const std::string_view type = root["model_type"].view();
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
    config.pre_norms = family->facts.pre_norms;
    config.post_norms = family->facts.post_norms;
    config.qk_norm = family->facts.qk_norm;
    config.qk_norm_of_heads = family->facts.qk_norm_of_heads;
    config.head_bias = family->facts.head_bias;
    read_sizes(root, *family, config);
    read_positions(root, *family, config);
    read_window(root, *family, config);
    config.norm_eps = positive_field(root, family->words.norm_eps, config.norm == NormKind::kRms ? 1e-6 : 1e-5);
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
  write_rotary_scaling(config, json);
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
