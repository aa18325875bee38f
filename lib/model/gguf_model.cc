#include "lib/model/gguf_model.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/model/rotary_tables.h"

namespace matinee {
namespace {

// The name of a family in llama.cpp, and what llama.cpp computes for it.
struct Architecture {
  const char *model_type, *name;
  bool rotates_neighbors;  // so the rows of each head are reordered
  bool qkv_bias, other_biases, scaled_rotary, any_head_dim;
};
constexpr std::array<Architecture, 5> kArchitectures{{
    {"llama", "llama", true, true, true, true, true},
    {"mistral", "llama", true, true, true, true, true},
    {"qwen2", "qwen2", false, true, false, false, false},
    {"qwen3", "qwen3", false, false, false, false, true},
    {"gpt2", "gpt2", false, true, true, false, false},
}};

// Throws Error(kBadData) where llama.cpp would not compute what this model does.
const Architecture& architecture_of(const ModelConfig& config) {
  const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(), [&](const Architecture& architecture) {
    return config.model_type == architecture.model_type;
  });
  const auto refuse = [&](std::string_view what) {
    return bad_data("model_type {}: {}; take --format safetensors", config.model_type, what);
  };
  if (found == kArchitectures.end()) throw refuse("llama.cpp does not run this family, so there is no GGUF of it");
  const Activation known = config.gated_mlp ? Activation::kSilu : Activation::kGeluTanh;
  if (config.activation != known) throw refuse("llama.cpp has another activation in this family");
  if ((config.qkv_bias && !found->qkv_bias) || ((config.o_bias || config.mlp_bias) && !found->other_biases))
    throw refuse("llama.cpp has no such biases in this family");
  if (config.q_size() != config.hidden_size && !found->any_head_dim)
    throw refuse("llama.cpp knows only heads of hidden_size / num_attention_heads in this family");
  if (config.rope_scaling == RotaryScaling::kLlama3 && !found->scaled_rotary)
    throw refuse("llama.cpp has no rope_scaling llama3 in this family");
  return *found;
}

std::string gguf_name_of(const WeightSpec& spec) {
  // In the order of Module. A tensor of three modules is GPT-2's c_attn.
  constexpr std::array<const char*, kModules> kModuleNames{"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                           "ffn_gate", "ffn_up", "ffn_down"};
  const char* name = nullptr;
  switch (spec.role) {
    case WeightRole::kEmbedTokens: name = "token_embd"; break;
    case WeightRole::kPositions: name = "position_embd"; break;
    case WeightRole::kInputNorm: name = "attn_norm"; break;
    case WeightRole::kMlpNorm: name = "ffn_norm"; break;
    case WeightRole::kAttentionOutputNorm: name = "post_attention_norm"; break;
    case WeightRole::kMlpOutputNorm: name = "post_ffw_norm"; break;
    case WeightRole::kQNorm: name = "attn_q_norm"; break;
    case WeightRole::kKNorm: name = "attn_k_norm"; break;
    case WeightRole::kLinear: name = spec.n_modules > 1 ? "attn_qkv" : kModuleNames[index_of(spec.module)]; break;
    case WeightRole::kNorm: name = "output_norm"; break;
    case WeightRole::kHead: name = "output"; break;
  }
  return (spec.layer < 0 ? "" : fmt::format("blk.{}.", spec.layer)) + name + (spec.bias ? ".bias" : ".weight");
}

}  // namespace

const Family* family_of_gguf(std::string_view architecture) {
  const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                   [&](const Architecture& each) { return architecture == each.name; });
  return found == kArchitectures.end() ? nullptr : find_family(found->model_type);
}

std::vector<GgufName> gguf_names(const ModelConfig& config) {
  const Architecture& architecture = architecture_of(config);
  std::vector<GgufName> names;
  for (const WeightSpec& spec : weight_specs(config)) {
    const bool reordered = architecture.rotates_neighbors && spec.role == WeightRole::kLinear;
    const std::int64_t heads = !reordered                  ? 0
                               : spec.module == Module::kQ ? config.num_attention_heads
                               : spec.module == Module::kK ? config.num_key_value_heads
                                                           : 0;
    names.push_back({gguf_name_of(spec), spec, heads});
  }
  return names;
}

std::string gguf_architecture(const ModelConfig& config) { return architecture_of(config).name; }

std::vector<float> gguf_rotary_factors(const ModelConfig& config) {
  std::vector<float> factors;
  if (config.rope_scaling != RotaryScaling::kLlama3) return factors;
  ModelConfig plain = config;
  plain.rope_scaling = RotaryScaling::kNone;
  const std::vector<double> before = rotary_frequencies(plain), after = rotary_frequencies(config);
  for (std::size_t i = 0; i < before.size(); ++i) factors.push_back(static_cast<float>(before[i] / after[i]));
  return factors;
}

void add_gguf_config(GgufWriter& writer, const ModelConfig& config, const GgufMixture& mixture,
                     const std::string& name) {
  const std::string architecture = architecture_of(config).name, prefix = architecture + ".";
  const auto whole = [&](const std::string& key, std::int64_t value) {
    writer.add(prefix + key, GgufValue::u32(static_cast<std::uint32_t>(value)));
  };
  const auto real = [&](const std::string& key, double value) {
    writer.add(prefix + key, GgufValue::f32(static_cast<float>(value)));
  };
  writer.add("general.architecture", GgufValue::text(architecture));
  writer.add("general.name", GgufValue::text(name));
  writer.add("general.file_type", GgufValue::u32(mixture.file_type));
  writer.add("general.quantization_version", GgufValue::u32(2));
  whole("block_count", config.num_hidden_layers);
  // llama.cpp has no window for these architectures; a context no longer than the window needs none.
  whole("context_length", config.sliding_window > 0 ? std::min(config.sliding_window, config.max_position_embeddings)
                                                    : config.max_position_embeddings);
  whole("embedding_length", config.hidden_size);
  whole("feed_forward_length", config.intermediate_size);
  whole("attention.head_count", config.num_attention_heads);
  whole("attention.head_count_kv", config.num_key_value_heads);
  whole("attention.key_length", config.head_dim);
  whole("attention.value_length", config.head_dim);
  whole("vocab_size", config.vocab_size);
  real(config.norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
       config.norm_eps);
  if (config.learned_positions) return;
  whole("rope.dimension_count", config.head_dim);
  real("rope.freq_base", config.rope_theta);
  if (config.rope_scaling == RotaryScaling::kLinear) {
    writer.add(prefix + "rope.scaling.type", GgufValue::text("linear"));
    real("rope.scaling.factor", config.rope_factor);
  }
}

std::int64_t reordered_row(std::int64_t row, std::int64_t head_dim, bool to_gguf) {
  const std::int64_t head = row / head_dim, at = row % head_dim, half = head_dim / 2;
  return head * head_dim + (to_gguf ? at % 2 * half + at / 2 : at % half * 2 + at / half);
}

}  // namespace matinee
