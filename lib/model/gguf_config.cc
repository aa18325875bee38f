// The configuration of a model in a GGUF file: its metadata becomes the text of a config.json, so that every rule about
// those fields holds here, too.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>

#include "lib/base/format_error.h"
#include "lib/io/gguf.h"
#include "lib/io/json_writer.h"
#include "lib/model/families.h"
#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

class MetadataReader {
 public:
  explicit MetadataReader(const GgufFile& file)
      : file_(file),
        prefix_(with_key("general.architecture", [](const GgufValue& value) { return value.as_text(); })) {}

  const std::string& path() const { return file_.path(); }
  const std::string& architecture() const { return prefix_; }
  /// The value under "ARCHITECTURE.key"; nullopt if there is none.
  std::optional<std::int64_t> find_whole(const std::string& key) const {
    if (file_.find(full(key)) == nullptr) return std::nullopt;
    return whole(key);
  }
  std::int64_t whole(const std::string& key) const { return whole_at(full(key)); }
  std::int64_t whole_at(const std::string& key) const {
    return with_key(key, [](const GgufValue& value) { return static_cast<std::int64_t>(value.as_unsigned()); });
  }
  std::optional<double> find_real(const std::string& key) const {
    if (file_.find(full(key)) == nullptr) return std::nullopt;
    // The shortest decimal number that is this float32: 1e-05, not 9.999999747378752e-06.
    return with_key(full(key), [](const GgufValue& value) {
      return std::stod(fmt::format("{}", static_cast<float>(value.as_real())));
    });
  }
  std::optional<std::string> find_text(const std::string& key) const {
    if (file_.find(full(key)) == nullptr) return std::nullopt;
    return with_key(full(key), [](const GgufValue& value) { return value.as_text(); });
  }
  bool has(const std::string& key) const { return file_.find(full(key)) != nullptr; }
  bool has_tensor(const std::string& name) const {
    return std::any_of(file_.tensors().begin(), file_.tensors().end(),
                       [&](const GgufTensor& tensor) { return tensor.name == name; });
  }

 private:
  std::string full(const std::string& key) const { return fmt::format("{}.{}", prefix_, key); }
  template <class Read>
  auto with_key(const std::string& key, const Read& read) const -> decltype(read(std::declval<const GgufValue&>())) {
    const GgufValue& value = file_.get(key);
    return with_context(fmt::format("{}: metadata \"{}\"", file_.path(), key), [&] { return read(value); });
  }

  const GgufFile& file_;
  std::string prefix_;
};

// The divisors of rotary frequencies in a tensor of the file; empty: it has none of this name.
std::vector<float> factors_of(const GgufFile& file, const MetadataReader& metadata, const char* name) {
  if (!metadata.has_tensor(name)) return {};
  const GgufTensor& tensor = file.tensor(name);
  if (tensor.format != GgufFormat::kF32) {
    throw bad_data("{}: tensor \"{}\": expected format F32, found {}", file.path(), name, name_of(tensor.format));
  }
  std::vector<float> factors(tensor.bytes / sizeof(float));
  if (!factors.empty()) std::memcpy(factors.data(), file.data(tensor).data(), tensor.bytes);
  return factors;
}

// What is scaled, as a file of Hugging Face would say it.
struct Rotation {
  std::int64_t head_dim = 0, context_length = 0;
  double theta = 10000;
  std::vector<float> factors, short_factors, long_factors;
};

void write_list(JsonWriter& json, const char* key, const std::vector<float>& values) {
  json.key(key).begin_array();
  for (const float value : values) json.number(static_cast<double>(value));
  json.end_array();
}

// The file has the factors that follow from rope_scaling llama3, not its parameters. All models published with it have
// these for the two frequencies and the original length.
constexpr double kLowFrequency = 1, kHighFrequency = 4;
constexpr std::int64_t kOriginalLength = 8192;

bool is_llama3(const Rotation& rotation) {
  if (2 * static_cast<std::int64_t>(rotation.factors.size()) != rotation.head_dim) return false;
  ModelConfig config;
  config.head_dim = rotation.head_dim;
  config.rope_theta = rotation.theta;
  config.rope_scaling = RotaryScaling::kLlama3;
  config.rope_factor = static_cast<double>(*std::max_element(rotation.factors.begin(), rotation.factors.end()));
  config.rope_low_freq_factor = kLowFrequency;
  config.rope_high_freq_factor = kHighFrequency;
  config.rope_original_max_positions = kOriginalLength;
  const std::vector<float> computed = gguf_rotary_factors(config).front().values;
  return std::equal(rotation.factors.begin(), rotation.factors.end(), computed.begin(), computed.end(),
                    [](float a, float b) { return std::fabs(a - b) <= 1e-5f * std::fabs(a); });
}

// Any other list of factors is longrope with the same list for short and long texts.
void write_factors(JsonWriter& json, const Rotation& rotation) {
  json.key("rope_scaling").begin_object();
  if (is_llama3(rotation)) {
    json.field("rope_type", "llama3");
    json.field("factor", static_cast<double>(*std::max_element(rotation.factors.begin(), rotation.factors.end())));
    json.field("low_freq_factor", kLowFrequency).field("high_freq_factor", kHighFrequency);
    json.field("original_max_position_embeddings", kOriginalLength).end_object();
    return;
  }
  json.field("rope_type", "longrope").field("factor", 1.0).field("attention_factor", 1.0);
  json.field("original_max_position_embeddings", rotation.context_length);
  write_list(json, "short_factor", rotation.factors);
  write_list(json, "long_factor", rotation.factors);
  json.end_object();
}

// rope_scaling; `original` is the length of the first training.
void write_scaling(JsonWriter& json, const MetadataReader& metadata, const Rotation& rotation, std::int64_t original) {
  if (!rotation.factors.empty()) return write_factors(json, rotation);
  // rope.scale_linear is an older name of the factor.
  const auto older = metadata.find_real("rope.scale_linear");
  const bool by_length = !rotation.long_factors.empty();
  const std::string type =
      by_length ? "longrope" : metadata.find_text("rope.scaling.type").value_or(older ? "linear" : "none");
  const double factor = metadata.find_real("rope.scaling.factor").value_or(older.value_or(1));
  if (type == "none" || (type == "linear" && factor == 1)) return;
  if (metadata.has("rope.scaling.yarn_log_multiplier")) {
    throw bad_data("{}: rope.scaling.yarn_log_multiplier: the decoder does not compute this", metadata.path());
  }
  const double attention = metadata.find_real("rope.scaling.attn_factor").value_or(1);
  json.key("rope_scaling").begin_object().field("rope_type", type);
  if (type == "linear") json.field("factor", factor);
  if (type == "yarn") {
    json.field("factor", factor).field("attention_factor", attention * gguf_yarn_strength(factor));
    json.field("beta_fast", metadata.find_real("rope.scaling.yarn_beta_fast").value_or(32));
    json.field("beta_slow", metadata.find_real("rope.scaling.yarn_beta_slow").value_or(1));
  }
  if (type != "linear") json.field("original_max_position_embeddings", original);
  if (by_length) {
    json.field("factor", static_cast<double>(rotation.context_length) / static_cast<double>(original));
    json.field("attention_factor", attention);
    write_list(json, "short_factor", rotation.short_factors);
    write_list(json, "long_factor", rotation.long_factors);
  }
  json.end_object();
}

void write_positions(JsonWriter& json, const GgufFile& file, const MetadataReader& metadata, const Family& family,
                     Rotation rotation) {
  const std::int64_t rotated = metadata.find_whole("rope.dimension_count").value_or(rotation.head_dim);
  if (family.words.rotary_share != nullptr) {
    json.field(family.words.rotary_share, static_cast<double>(rotated) / static_cast<double>(rotation.head_dim));
  } else if (rotated != rotation.head_dim) {
    throw bad_data("{}: {}.rope.dimension_count: expected the width of a head, {}, found {}", metadata.path(),
                   metadata.architecture(), rotation.head_dim, rotated);
  }
  rotation.theta = metadata.find_real("rope.freq_base").value_or(10000);
  rotation.factors = factors_of(file, metadata, kGgufRotaryFactors);
  rotation.short_factors = factors_of(file, metadata, kGgufShortFactors);
  rotation.long_factors = factors_of(file, metadata, kGgufLongFactors);
  json.field(family.words.rope_theta, rotation.theta);
  const std::int64_t original =
      metadata.find_whole("rope.scaling.original_context_length").value_or(rotation.context_length);
  if (family.reads("original_max_position_embeddings")) json.field("original_max_position_embeddings", original);
  write_scaling(json, metadata, rotation, original);
  if (family.reads("rope_local_base_freq")) {
    json.field("rope_local_base_freq", metadata.find_real("rope.freq_base_swa").value_or(10000));
  }
  if (family.reads("no_rope_layer_interval")) json.field("no_rope_layer_interval", std::int64_t{4});
}

// Fields of single families.
void write_attention(JsonWriter& json, const MetadataReader& metadata, const Family& family, std::int64_t head_dim) {
  const auto real = [&](const char* field, const char* key) {
    if (!family.reads(field)) return;
    if (const auto value = metadata.find_real(key)) json.field(field, *value);
  };
  real("embedding_multiplier", "embedding_scale");
  real("residual_multiplier", "residual_scale");
  real("logits_scaling", "logit_scale");
  if (family.reads("attention_multiplier")) {
    const double usual = 1 / std::sqrt(static_cast<double>(head_dim));
    const double scale = metadata.find_real("attention.scale").value_or(0);
    json.field("attention_multiplier", scale == 0 ? usual : scale);
  }
  const auto softcap = [&](const char* field, double usual) {
    if (!family.reads(field)) return;
    const double cap = metadata.find_real(field).value_or(usual);
    json.key(field);
    cap > 0 ? json.number(cap) : json.null();
  };
  softcap("attn_logit_softcapping", family.defaults.attention_softcap);
  softcap("final_logit_softcapping", family.defaults.logit_softcap);
  if (family.reads("query_pre_attn_scalar")) {
    json.field("query_pre_attn_scalar",
               gguf_query_scalar(metadata.whole("block_count"), metadata.whole("embedding_length"),
                                 metadata.whole("attention.head_count"), head_dim));
  }
  if (family.defaults.sliding_window == 0 || family.facts.window_is_optional) return;
  if (const auto window = metadata.find_whole("attention.sliding_window"); window && *window > 0) {
    json.field("sliding_window", *window);
  }
}

// The text of the config.json that the file was made from, as far as the forward pass needs it.
std::string config_text(const GgufFile& file, const MetadataReader& metadata, const Family& family) {
  const Family::Words& words = family.words;
  const std::int64_t hidden = metadata.whole("embedding_length"), heads = metadata.whole("attention.head_count");
  if (heads < 1) throw bad_data("{}: attention.head_count is {}", file.path(), heads);
  if (metadata.find_whole("expert_count").value_or(0) > 0)
    throw bad_data("{}: expert_count: mixtures of experts are not supported", file.path());
  const std::int64_t head_dim = metadata.find_whole("attention.key_length").value_or(hidden / heads);
  if (const auto width = metadata.find_whole("attention.value_length"); width && *width != head_dim) {
    throw bad_data("{}: attention.value_length: expected attention.key_length, {}, found {}", file.path(), head_dim,
                   *width);
  }
  const GgufTensor& table = file.tensor("token_embd.weight");
  const std::int64_t context_length = metadata.whole("context_length");
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("model_type", family.model_type);
  json.field("vocab_size", table.shape.empty() ? 0 : table.shape[0]).field(words.hidden_size, hidden);
  json.field(words.intermediate_size, metadata.whole("feed_forward_length"));
  json.field(words.num_hidden_layers, metadata.whole("block_count")).field(words.num_attention_heads, heads);
  json.field(words.max_position_embeddings, context_length);
  const bool rms = family.facts.norm == NormKind::kRms;
  const std::string norm = rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  if (const auto epsilon = metadata.find_real(norm)) json.field(words.norm_eps, *epsilon);
  if (rms) {
    json.field("num_key_value_heads", metadata.find_whole("attention.head_count_kv").value_or(heads));
    json.field("head_dim", head_dim);
  }
  if (!family.facts.learned_positions) {
    Rotation rotation;
    rotation.head_dim = head_dim;
    rotation.context_length = context_length;
    write_positions(json, file, metadata, family, rotation);
  }
  write_attention(json, metadata, family, head_dim);
  if (family.facts.qkv_bias == Biases::kByConfig) {
    json.field("attention_bias", metadata.has_tensor("blk.0.attn_q.bias"));
  }
  if (family.facts.mlp_bias == Biases::kByConfig) json.field("mlp_bias", metadata.has_tensor("blk.0.ffn_up.bias"));
  // A converter leaves out a head that is the embedding.
  json.field("tie_word_embeddings", !metadata.has_tensor("output.weight"));
  for (const char* token : {"bos_token_id", "eos_token_id"}) {
    const std::string key = fmt::format("tokenizer.ggml.{}", token);
    if (file.find(key) != nullptr) json.field(token, metadata.whole_at(key));
  }
  json.end_object();
  return out;
}

// A shard of a model, and an adapter alone, are no base.
void refuse_parts(const GgufFile& file) {
  if (const GgufValue* parts = file.find("split.count"); parts != nullptr && parts->as_unsigned() > 1) {
    throw bad_data("{}: this is one of {} parts of a model", file.path(), parts->as_unsigned())
        .add_remedy("put them together: llama-gguf-split --merge FIRST_PART model.gguf");
  }
  if (const GgufValue* type = file.find("general.type"); type != nullptr && type->as_text() == "adapter") {
    throw bad_data("{}: this is an adapter, not a model", file.path());
  }
}

}  // namespace

ModelConfig gguf_config(const GgufFile& file) {
  refuse_parts(file);
  const MetadataReader metadata(file);
  const Family* family = family_of_gguf(metadata.architecture());
  if (family == nullptr) {
    throw bad_data("{}: general.architecture \"{}\": this family is not supported as a GGUF file", file.path(),
                   metadata.architecture());
  }
  // A window under llama's name is Mistral's.
  if (metadata.architecture() == "llama" && metadata.find_whole("attention.sliding_window").value_or(0) > 0) {
    family = find_family("mistral");
  }
  return parse_model_config(config_text(file, metadata, *family), file.path());
}

}  // namespace matinee
