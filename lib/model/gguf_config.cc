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

// The factors by which a file divides its rotary frequencies; empty: none.
std::vector<float> rotary_factors(const GgufFile& file, const MetadataReader& metadata) {
  if (!metadata.has_tensor(kGgufRotaryFactors)) return {};
  const GgufTensor& tensor = file.tensor(kGgufRotaryFactors);
  if (tensor.format != GgufFormat::kF32) {
    throw bad_data("{}: tensor \"{}\": expected format F32, found {}", file.path(), kGgufRotaryFactors,
                   name_of(tensor.format));
  }
  std::vector<float> factors(tensor.bytes / sizeof(float));
  if (!factors.empty()) std::memcpy(factors.data(), file.data(tensor).data(), tensor.bytes);
  return factors;
}

// The file has the factors that follow from rope_scaling llama3, not its parameters. All models published with it have
// these for the two frequencies and the original length.
void write_llama3(JsonWriter& json, const std::vector<float>& factors) {
  const double factor = static_cast<double>(*std::max_element(factors.begin(), factors.end()));
  json.key("rope_scaling").begin_object().field("rope_type", "llama3").field("factor", factor);
  json.field("low_freq_factor", 1.0).field("high_freq_factor", 4.0);
  json.field("original_max_position_embeddings", std::int64_t{8192}).end_object();
}

void write_positions(JsonWriter& json, const MetadataReader& metadata, const Family& family,
                     const std::vector<float>& factors, std::int64_t head_dim) {
  if (const auto rotated = metadata.find_whole("rope.dimension_count"); rotated && *rotated != head_dim) {
    throw bad_data("{}.rope.dimension_count: expected the width of a head, {}, found {}", metadata.architecture(),
                   head_dim, *rotated);
  }
  json.field(family.words.rope_theta, metadata.find_real("rope.freq_base").value_or(10000));
  if (!factors.empty()) return write_llama3(json, factors);
  const std::string type = metadata.find_text("rope.scaling.type").value_or("none");
  if (type == "none") return;
  json.key("rope_scaling").begin_object().field("rope_type", type);
  json.field("factor", metadata.find_real("rope.scaling.factor").value_or(1)).end_object();
}

// The text of the config.json that the file was made from, as far as the forward pass needs it.
std::string config_text(const GgufFile& file, const MetadataReader& metadata, const Family& family,
                        const std::vector<float>& factors) {
  const Family::Words& words = family.words;
  const std::int64_t hidden = metadata.whole("embedding_length"), heads = metadata.whole("attention.head_count");
  if (heads < 1) throw bad_data("{}: attention.head_count is {}", file.path(), heads);
  const std::int64_t head_dim = metadata.find_whole("attention.key_length").value_or(hidden / heads);
  const GgufTensor& table = file.tensor("token_embd.weight");
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("model_type", family.model_type);
  json.field("vocab_size", table.shape.empty() ? 0 : table.shape[0]).field(words.hidden_size, hidden);
  json.field(words.intermediate_size, metadata.whole("feed_forward_length"));
  json.field(words.num_hidden_layers, metadata.whole("block_count")).field(words.num_attention_heads, heads);
  json.field(words.max_position_embeddings, metadata.whole("context_length"));
  const bool rms = family.facts.norm == NormKind::kRms;
  const std::string norm = rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  if (const auto epsilon = metadata.find_real(norm)) json.field(words.norm_eps, *epsilon);
  if (rms) {
    json.field("num_key_value_heads", metadata.find_whole("attention.head_count_kv").value_or(heads));
    json.field("head_dim", head_dim);
  }
  if (!family.facts.learned_positions) write_positions(json, metadata, family, factors, head_dim);
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
  const std::vector<float> factors = rotary_factors(file, metadata);
  const ModelConfig config = parse_model_config(config_text(file, metadata, *family, factors), file.path());
  const std::vector<float> computed = gguf_rotary_factors(config);
  const bool same = std::equal(factors.begin(), factors.end(), computed.begin(), computed.end(),
                               [](float a, float b) { return std::fabs(a - b) <= 1e-4f * std::fabs(a); });
  if (!same) {
    throw bad_data("{}: tensor \"{}\": these factors are not those of rope_scaling llama3 as Llama 3.1 and 3.2 have it",
                   file.path(), kGgufRotaryFactors)
        .add_remedy("take the Hugging Face folder of this model");
  }
  return config;
}

}  // namespace matinee
