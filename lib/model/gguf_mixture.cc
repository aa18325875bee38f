#include "lib/model/gguf_mixture.h"

#include <algorithm>
#include <array>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr std::array<GgufMixture, 8> kMixtures{{
    {"f32", 0, GgufFormat::kF32, GgufFormat::kF32, GgufFormat::kF32},
    {"f16", 1, GgufFormat::kF16, GgufFormat::kF16, GgufFormat::kF16},
    {"bf16", 32, GgufFormat::kBF16, GgufFormat::kBF16, GgufFormat::kBF16},
    {"q8_0", 7, GgufFormat::kQ8_0, GgufFormat::kQ8_0, GgufFormat::kQ8_0},
    {"q6_k", 18, GgufFormat::kQ6_K, GgufFormat::kQ6_K, GgufFormat::kQ6_K},
    {"q5_k_m", 17, GgufFormat::kQ5_K, GgufFormat::kQ6_K, GgufFormat::kQ6_K},
    {"q4_k_m", 15, GgufFormat::kQ4_K, GgufFormat::kQ6_K, GgufFormat::kQ6_K},
    {"q4_0", 2, GgufFormat::kQ4_0, GgufFormat::kQ4_0, GgufFormat::kQ6_K},
}};

bool divides(const WeightSpec& spec, GgufFormat format) {
  return static_cast<std::uint64_t>(spec.shape.back()) % gguf_block(format) == 0;
}

// The format that takes the place of one that a row does not divide into.
GgufFormat instead_of(GgufFormat format) {
  switch (format) {
    case GgufFormat::kQ4_K: return GgufFormat::kQ5_0;
    case GgufFormat::kQ5_K: return GgufFormat::kQ5_1;
    case GgufFormat::kQ6_K: return GgufFormat::kQ8_0;
    default: return GgufFormat::kF16;
  }
}

bool holds(const WeightSpec& spec, Module module) {
  const int at = static_cast<int>(module) - static_cast<int>(spec.module);
  return spec.role == WeightRole::kLinear && at >= 0 && at < spec.n_modules;
}

// The first and the last eighth of the blocks and every third between.
bool is_careful(std::int64_t layer, std::int64_t n_layers) {
  return layer < n_layers / 8 || layer >= 7 * n_layers / 8 || (layer - n_layers / 8) % 3 == 2;
}

GgufFormat wished(const ModelConfig& config, const WeightSpec& spec, const GgufMixture& mixture) {
  const bool is_head = spec.role == (config.tie_word_embeddings ? WeightRole::kEmbedTokens : WeightRole::kHead);
  if (is_head) return divides(spec, mixture.format) ? mixture.head : GgufFormat::kQ8_0;
  const bool is_value = holds(spec, Module::kV);
  if (!is_value && !holds(spec, Module::kDown)) return mixture.format;
  const GgufFormat format = is_careful(spec.layer, config.num_hidden_layers) ? mixture.careful : mixture.format;
  // Of LLaMA-2 70B's shape: v is small where eight heads share it.
  const bool shared = config.num_hidden_layers == 80 && config.num_key_value_heads < config.num_attention_heads;
  return is_value && shared && format == GgufFormat::kQ4_K ? GgufFormat::kQ5_K : format;
}

}  // namespace

std::span<const GgufMixture> gguf_mixtures() { return kMixtures; }

const GgufMixture& gguf_mixture(std::string_view name) {
  const auto* found =
      std::find_if(kMixtures.begin(), kMixtures.end(), [&](const auto& each) { return name == each.name; });
  if (found == kMixtures.end()) throw internal_error("there is no mixture {}", name);
  return *found;
}

GgufFormat gguf_format_of(const ModelConfig& config, const WeightSpec& spec, const GgufMixture& mixture) {
  // llama.cpp adds the position table without converting it.
  if (spec.shape.size() == 1 || spec.role == WeightRole::kPositions) return GgufFormat::kF32;
  GgufFormat format = wished(config, spec, mixture);
  while (!divides(spec, format)) format = instead_of(format);
  return format;
}

}  // namespace matinee
