#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lib/model/model_config.h"

namespace matinee {

/// The linear layers of a block; arrays over modules are in this order.
enum class Module : std::uint8_t { kQ, kK, kV, kO, kGate, kUp, kDown };
inline constexpr int kModules = 7;

inline std::size_t index_of(Module module) { return static_cast<std::size_t>(module); }

/// Whether blocks of this configuration have the module; only a gated MLP has kGate.
bool has_module(const ModelConfig& config, Module module);
/// [out, in] of a module.
std::array<std::int64_t, 2> module_shape(const ModelConfig& config, Module module);
bool has_bias(const ModelConfig& config, Module module);

/// The rows of q, k and v in one tensor of GPT-NeoX: files have them head by head, [heads, modules, rows of a head],
/// the decoder module by module, [modules, heads, rows of a head].
struct RowOrder {
  std::int64_t heads = 0, modules = 0, rows = 0;  ///< `rows` in all
  /// The file's index of the decoder's row.
  std::int64_t stored(std::int64_t row) const;
  /// The reverse.
  std::int64_t from_stored(std::int64_t row) const;
  /// Whole tensors, from the file's order to the decoder's and back.
  std::vector<float> to_decoder(std::span<const float> values) const;
  std::vector<float> to_file(std::span<const float> values) const;
};

/// A linear layer under its name in checkpoints and in PEFT: one module, or several modules whose rows are stored one
/// after another (c_attn of GPT-2 holds q, k and v).
struct LinearLayer {
  std::string path;  ///< "model.layers.3.self_attn.q_proj", "transformer.h.0.attn.c_attn"
  Module first = Module::kQ;
  int n_modules = 1;
  std::int64_t out = 0, in = 0;
  std::int64_t heads = 0;  ///< > 0: rows are stored in the order of RowOrder
};
/// The linear layers of block `layer`, in the order of Module.
std::vector<LinearLayer> linear_layers(const ModelConfig& config, std::int64_t layer);
/// The linear layer that holds a module.
LinearLayer linear_layer_of(const ModelConfig& config, std::int64_t layer, Module module);
/// The path of that layer; modules of one layer share it.
std::string module_path(const ModelConfig& config, std::int64_t layer, Module module);
/// "model.embed_tokens" and "lm_head": the paths of the two layers outside the blocks that an adapter can train.
std::string embed_tokens_path(const ModelConfig& config);
std::string lm_head_path(const ModelConfig& config);
/// These two as layers of one row per token: out = vocab_size, in = hidden_size.
LinearLayer embedding_layer(const ModelConfig& config);
LinearLayer head_layer(const ModelConfig& config);

/// What the decoder uses a tensor for.
enum class WeightRole : std::uint8_t {
  kEmbedTokens,
  kPositions,
  kInputNorm,
  kMlpNorm,
  kAttentionOutputNorm,
  kMlpOutputNorm,
  kQNorm,
  kKNorm,
  kLinear,
  kNorm,
  kHead
};

/// One tensor of a model.
struct WeightSpec {
  std::string name = {};                 ///< in Hugging Face's files
  std::vector<std::int64_t> shape = {};  ///< in memory: [out, in] for a linear layer
  WeightRole role = WeightRole::kNorm;
  bool bias = false;
  bool transposed = false;  ///< stored as [in, out]
  float offset = 0;         ///< added to the stored values (ModelConfig::norm_offset)
  std::int64_t layer = -1;  ///< index of its block; -1: not part of a block
  Module module = Module::kQ;
  int n_modules = 1;       ///< kLinear only: how many modules it holds, from `module` on
  std::int64_t heads = 0;  ///< > 0: rows are stored in the order of RowOrder

  std::int64_t elements() const;
  std::vector<std::int64_t> stored_shape() const;
  /// Whether files store the elements in the decoder's order.
  bool in_order() const { return !transposed && heads == 0; }
  /// The decoder's index of the element that a file stores at `stored`.
  std::size_t index_of_stored(std::size_t stored) const;
};
/// All tensors of a model of this configuration, in a fixed order.
std::vector<WeightSpec> weight_specs(const ModelConfig& config);
/// The tensor's name in a checkpoint of the bare model, which leaves out the prefix: "layers.0..." or "h.0...".
std::string bare_name(const ModelConfig& config, const std::string& name);

}  // namespace matinee
