#include "lib/model/gguf_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/model/rotary_tables.h"

namespace matinee {
namespace {

const char* linear_name(const WeightSpec& spec) {
  // In the order of Module. Several modules in one tensor are q, k and v, or gate and up.
  constexpr std::array<const char*, kModules> kNames{"attn_q",   "attn_k", "attn_v",  "attn_output",
                                                     "ffn_gate", "ffn_up", "ffn_down"};
  if (spec.n_modules == 1) return kNames[index_of(spec.module)];
  return spec.module == Module::kQ ? "attn_qkv" : "ffn_up";
}

std::string gguf_name_of(const WeightSpec& spec) {
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
    case WeightRole::kLinear: name = linear_name(spec); break;
    case WeightRole::kNorm: name = "output_norm"; break;
    case WeightRole::kHead: name = "output"; break;
  }
  return (spec.layer < 0 ? "" : fmt::format("blk.{}.", spec.layer)) + name + (spec.bias ? ".bias" : ".weight");
}

std::vector<float> narrowed(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// Keys of one architecture.
class ConfigWriter {
 public:
  ConfigWriter(GgufWriter& writer, const std::string& architecture) : writer_(writer), prefix_(architecture + ".") {}

  void whole(const char* key, std::int64_t value) {
    writer_.add(prefix_ + key, GgufValue::u32(static_cast<std::uint32_t>(value)));
  }
  void real(const char* key, double value) { writer_.add(prefix_ + key, GgufValue::f32(static_cast<float>(value))); }
  void text(const char* key, const char* value) { writer_.add(prefix_ + key, GgufValue::text(value)); }

 private:
  GgufWriter& writer_;
  std::string prefix_;
};

void write_sizes(const ModelConfig& config, const GgufArchitecture& architecture, ConfigWriter& to) {
  const bool hidden = config.sliding_window > 0 && !architecture.windows;
  to.whole("block_count", config.num_hidden_layers);
  to.whole("context_length",
           hidden ? std::min(config.sliding_window, config.max_position_embeddings) : config.max_position_embeddings);
  to.whole("embedding_length", config.hidden_size);
  to.whole("feed_forward_length", config.intermediate_size);
  to.whole("attention.head_count", config.num_attention_heads);
  to.whole("attention.head_count_kv", config.num_key_value_heads);
  to.whole("attention.key_length", config.head_dim);
  to.whole("attention.value_length", config.head_dim);
  to.whole("vocab_size", config.vocab_size);
  to.real(config.norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
          config.norm_eps);
}

void write_rotary(const ModelConfig& config, ConfigWriter& to) {
  if (config.learned_positions) return;
  to.whole("rope.dimension_count", config.rotated_elements());
  to.real("rope.freq_base", config.rope_theta);
  if (config.rope_local_theta > 0) to.real("rope.freq_base_swa", config.rope_local_theta);
  switch (config.rope_scaling) {
    case RotaryScaling::kNone:
    case RotaryScaling::kDynamic:
    case RotaryScaling::kLlama3: return;
    case RotaryScaling::kLinear:
      to.text("rope.scaling.type", "linear");
      to.real("rope.scaling.factor", config.rope_factor);
      return;
    case RotaryScaling::kYarn:
      to.text("rope.scaling.type", "yarn");
      to.real("rope.scaling.factor", config.rope_factor);
      to.whole("rope.scaling.original_context_length", config.rope_original_max_positions);
      to.real("rope.scaling.yarn_beta_fast", config.rope_beta_fast);
      to.real("rope.scaling.yarn_beta_slow", config.rope_beta_slow);
      to.real("rope.scaling.attn_factor", config.rope_attention_factor / gguf_yarn_strength(config.rope_factor));
      return;
    case RotaryScaling::kLongrope:
      to.text("rope.scaling.type", "longrope");
      to.whole("rope.scaling.original_context_length", config.rope_original_max_positions);
      to.real("rope.scaling.attn_factor", config.rope_attention_factor);
      return;
  }
}

void write_attention(const ModelConfig& config, const GgufArchitecture& architecture, ConfigWriter& to) {
  // A window as long as the context hides nothing; without the key, llama.cpp assumes one.
  if (architecture.windows) {
    to.whole("attention.sliding_window",
             config.sliding_window > 0 ? config.sliding_window : config.max_position_embeddings);
  }
  if (config.attention_softcap > 0) to.real("attn_logit_softcapping", config.attention_softcap);
  if (architecture.windows) to.real("final_logit_softcapping", config.logit_softcap);
  if (config.model_type != "granite") return;
  to.real("embedding_scale", config.embedding_multiplier);
  to.real("attention.scale", config.attention_multiplier);
  to.real("residual_scale", config.residual_multiplier);
  to.real("logit_scale", config.logits_scaling);
}

}  // namespace

std::vector<GgufName> gguf_names(const ModelConfig& config) {
  const GgufArchitecture& architecture = gguf_architecture_of(config);
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

std::vector<GgufFactors> gguf_rotary_factors(const ModelConfig& config) {
  if (config.rope_scaling == RotaryScaling::kLongrope) {
    return {{kGgufLongFactors, narrowed(config.rope_long_factors)},
            {kGgufShortFactors, narrowed(config.rope_short_factors)}};
  }
  if (config.rope_scaling != RotaryScaling::kLlama3) return {};
  ModelConfig plain = config;
  plain.rope_scaling = RotaryScaling::kNone;
  const std::vector<double> before = rotary_frequencies(plain), after = rotary_frequencies(config);
  std::vector<float> factors;
  for (std::size_t i = 0; i < before.size(); ++i) factors.push_back(static_cast<float>(before[i] / after[i]));
  return {{kGgufRotaryFactors, factors}};
}

double gguf_yarn_strength(double factor) { return factor <= 1 ? 1 : 0.1 * std::log(factor) + 1; }

void add_gguf_config(GgufWriter& writer, const ModelConfig& config, const GgufMixture& mixture,
                     const std::string& name) {
  const GgufArchitecture& architecture = gguf_architecture_of(config);
  writer.add("general.architecture", GgufValue::text(architecture.name));
  writer.add("general.name", GgufValue::text(name));
  writer.add("general.file_type", GgufValue::u32(mixture.file_type));
  writer.add("general.quantization_version", GgufValue::u32(2));
  ConfigWriter to(writer, architecture.name);
  write_sizes(config, architecture, to);
  write_rotary(config, to);
  write_attention(config, architecture, to);
}

std::int64_t reordered_row(std::int64_t row, std::int64_t head_dim, bool to_gguf) {
  const std::int64_t head = row / head_dim, at = row % head_dim, half = head_dim / 2;
  return head * head_dim + (to_gguf ? at % 2 * half + at / 2 : at % half * 2 + at / half);
}

}  // namespace matinee
