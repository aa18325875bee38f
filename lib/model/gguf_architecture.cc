#include "lib/model/gguf_architecture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "lib/base/format_error.h"

namespace matinee {
namespace {

constexpr Activation kSilu = Activation::kSilu, kGelu = Activation::kGeluTanh;
constexpr GgufHead kAny = GgufHead::kAny, kTied = GgufHead::kTied, kOwn = GgufHead::kOwn;

constexpr std::array<GgufArchitecture, 12> kArchitectures{{
    // model_type, name, rotates_neighbors, activation, qkv_bias, other_biases, any_head_dim, rotary_factors,
    // length_factors, windows, head
    {"llama", "llama", true, kSilu, true, true, true, true, true, false, kAny},
    {"mistral", "llama", true, kSilu, true, true, true, true, true, false, kAny},
    {"qwen2", "qwen2", false, kSilu, true, false, false, false, false, false, kAny},
    {"qwen3", "qwen3", false, kSilu, false, false, true, false, false, false, kAny},
    {"phi3", "phi3", false, kSilu, false, false, false, false, true, false, kAny},
    {"smollm3", "smollm3", true, kSilu, true, false, true, false, false, false, kAny},
    {"granite", "granite", true, kSilu, true, true, true, true, true, false, kAny},
    {"gemma", "gemma", false, kGelu, false, false, true, false, false, false, kTied},
    {"gemma2", "gemma2", false, kGelu, false, false, true, false, false, true, kTied},
    {"gemma3_text", "gemma3", false, kGelu, false, false, true, false, false, true, kAny},
    {"olmo2", "olmo2", false, kSilu, false, false, false, false, false, false, kOwn},
    {"gpt2", "gpt2", false, kGelu, true, true, false, false, false, false, kAny},
}};

bool is_near(double a, double b) { return std::fabs(a - b) <= 1e-5 * std::fabs(b); }

// Whether every n-th layer, and no other, is false.
bool is_every_nth_off(const std::vector<bool>& layers, std::size_t n) {
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    if (layers[layer] != ((layer + 1) % n != 0)) return false;
  }
  return true;
}

// Names what llama.cpp does not compute; null: nothing.
const char* what_differs(const ModelConfig& config, const GgufArchitecture& row) {
  if (config.activation != row.activation) return "llama.cpp has another activation in this family";
  if ((config.qkv_bias && !row.qkv_bias) || ((config.o_bias || config.mlp_bias) && !row.other_biases))
    return "llama.cpp has no such biases in this family";
  if (config.q_size() != config.hidden_size && !row.any_head_dim)
    return "llama.cpp knows only heads of hidden_size / num_attention_heads in this family";
  if (config.rope_scaling == RotaryScaling::kLlama3 && !row.rotary_factors)
    return "llama.cpp has no rope_scaling llama3 in this family";
  if (config.rope_scaling == RotaryScaling::kLongrope && !row.length_factors)
    return "llama.cpp has no rope_scaling longrope in this family";
  if (config.rope_scaling == RotaryScaling::kYarn && !config.rope_truncate)
    return "llama.cpp has no rope_scaling yarn with truncate false";
  if (config.tie_word_embeddings ? row.head == kOwn : row.head == kTied)
    return config.tie_word_embeddings ? "llama.cpp has no tied head in this family"
                                      : "llama.cpp has only a tied head in this family";
  if (!config.rotary_layers.empty() && !is_every_nth_off(config.rotary_layers, 4))
    return "llama.cpp rotates all layers of this family but every fourth";
  if (!row.windows) return nullptr;
  if (!is_every_nth_off(config.sliding_layers, config.model_type == "gemma2" ? 2 : 6))
    return "llama.cpp has other layers without a window in this family";
  const double scalar = static_cast<double>(
      gguf_query_scalar(config.num_hidden_layers, config.hidden_size, config.num_attention_heads, config.head_dim));
  if (!is_near(config.attention_multiplier, 1 / std::sqrt(scalar)))
    return "llama.cpp has another query_pre_attn_scalar for a model of this shape";
  const bool capped = config.attention_softcap > 0;
  if (capped != (config.model_type == "gemma2"))
    return capped ? "llama.cpp has no attn_logit_softcapping in this family"
                  : "llama.cpp always has attn_logit_softcapping in this family";
  return nullptr;
}

}  // namespace

const GgufArchitecture& gguf_architecture_of(const ModelConfig& config) {
  const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                   [&](const auto& row) { return config.model_type == row.model_type; });
  const char* differs = found == kArchitectures.end() ? "GGUF files of this family are neither read nor written"
                                                      : what_differs(config, *found);
  if (differs != nullptr) throw bad_data("model_type {}: {}; take --format safetensors", config.model_type, differs);
  return *found;
}

const Family* family_of_gguf(std::string_view architecture) {
  const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                   [&](const auto& each) { return architecture == each.name; });
  return found == kArchitectures.end() ? nullptr : find_family(found->model_type);
}

std::int64_t gguf_query_scalar(std::int64_t layers, std::int64_t hidden_size, std::int64_t heads,
                               std::int64_t head_dim) {
  // The largest models of Gemma 2 and 3, by their number of layers.
  return layers == 46 || layers == 62 ? hidden_size / heads : head_dim;
}

}  // namespace matinee
