#include "lib/model/tensor_names.h"

#include <string_view>

#include "lib/base/format_error.h"
#include "lib/model/families.h"

namespace matinee {
namespace {

std::string layer_prefix(const Family& family, std::int64_t layer) {
  return fmt::format("{}{}{}.", family.names.prefix, family.names.layers, layer);
}

// Adds a tensor and, where there is one, its bias.
void add(std::vector<WeightSpec>& specs, const WeightSpec& spec, const std::string& path, bool bias) {
  specs.push_back(spec);
  specs.back().name = path + ".weight";
  if (!bias) return;
  specs.push_back(spec);
  specs.back().name = path + ".bias";
  specs.back().shape = {spec.shape.front()};
  specs.back().bias = true;
  specs.back().transposed = false;
  specs.back().offset = 0;
}

}  // namespace

bool has_module(const ModelConfig& config, Module module) { return config.gated_mlp || module != Module::kGate; }

std::array<std::int64_t, 2> module_shape(const ModelConfig& config, Module module) {
  switch (module) {
    case Module::kQ: return {config.q_size(), config.hidden_size};
    case Module::kK:
    case Module::kV: return {config.kv_size(), config.hidden_size};
    case Module::kO: return {config.hidden_size, config.q_size()};
    case Module::kGate:
    case Module::kUp: return {config.intermediate_size, config.hidden_size};
    case Module::kDown: return {config.hidden_size, config.intermediate_size};
  }
  throw internal_error("module_shape: no such module");
}

bool has_bias(const ModelConfig& config, Module module) {
  if (module <= Module::kV) return config.qkv_bias;
  return module == Module::kO ? config.o_bias : config.mlp_bias;
}

std::int64_t RowOrder::stored(std::int64_t row) const {
  const std::int64_t of_head = rows / (modules * heads), of_module = rows / modules;
  const std::int64_t module = row / of_module, head = row % of_module / of_head;
  return (head * modules + module) * of_head + row % of_head;
}

std::int64_t RowOrder::from_stored(std::int64_t row) const {
  const std::int64_t of_head = rows / (modules * heads);
  const std::int64_t head = row / (modules * of_head), module = row / of_head % modules;
  return (module * heads + head) * of_head + row % of_head;
}

std::vector<float> RowOrder::to_decoder(std::span<const float> values) const {
  std::vector<float> all;
  const std::size_t width = values.size() / static_cast<std::size_t>(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto from = values.subspan(static_cast<std::size_t>(stored(row)) * width, width);
    all.insert(all.end(), from.begin(), from.end());
  }
  return all;
}

std::vector<float> RowOrder::to_file(std::span<const float> values) const {
  std::vector<float> all;
  const std::size_t width = values.size() / static_cast<std::size_t>(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto from = values.subspan(static_cast<std::size_t>(from_stored(row)) * width, width);
    all.insert(all.end(), from.begin(), from.end());
  }
  return all;
}

std::vector<LinearLayer> linear_layers(const ModelConfig& config, std::int64_t layer) {
  const Family& family = family_of(config);
  const std::string prefix = layer_prefix(family, layer);
  std::vector<LinearLayer> layers;
  const char* before = nullptr;
  for (int m = 0; m < kModules; ++m) {
    const auto module = static_cast<Module>(m);
    if (!has_module(config, module)) continue;
    const char* name = family.names.modules[index_of(module)];
    const auto [out, in] = module_shape(config, module);
    if (before != nullptr && std::string_view(before) == name) {
      ++layers.back().n_modules;
      layers.back().out += out;
      if (family.names.rows_by_head) layers.back().heads = config.num_attention_heads;
    } else {
      layers.push_back({prefix + name, module, 1, out, in});
    }
    before = name;
  }
  return layers;
}

LinearLayer linear_layer_of(const ModelConfig& config, std::int64_t layer, Module module) {
  for (LinearLayer& linear : linear_layers(config, layer)) {
    const int at = static_cast<int>(module) - static_cast<int>(linear.first);
    if (at >= 0 && at < linear.n_modules) return std::move(linear);
  }
  throw internal_error("linear_layer_of: this configuration has no such module");
}

std::string module_path(const ModelConfig& config, std::int64_t layer, Module module) {
  return linear_layer_of(config, layer, module).path;
}

std::string embed_tokens_path(const ModelConfig& config) {
  const Family::Names& names = family_of(config).names;
  return std::string(names.prefix) + names.embed_tokens;
}

std::string lm_head_path(const ModelConfig& config) { return family_of(config).names.lm_head; }

LinearLayer embedding_layer(const ModelConfig& config) {
  return {.path = embed_tokens_path(config), .out = config.vocab_size, .in = config.hidden_size};
}

LinearLayer head_layer(const ModelConfig& config) {
  return {.path = lm_head_path(config), .out = config.vocab_size, .in = config.hidden_size};
}

std::int64_t WeightSpec::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  return count;
}

std::size_t WeightSpec::index_of_stored(std::size_t stored) const {
  const auto at = static_cast<std::int64_t>(stored);
  if (transposed) return static_cast<std::size_t>(at % shape[0] * shape[1] + at / shape[0]);
  if (heads == 0) return stored;
  const std::int64_t width = bias ? 1 : shape[1];
  const RowOrder order{heads, n_modules, shape[0]};
  return static_cast<std::size_t>(order.from_stored(at / width) * width + at % width);
}

std::vector<std::int64_t> WeightSpec::stored_shape() const {
  return transposed ? std::vector<std::int64_t>{shape[1], shape[0]} : shape;
}

std::vector<WeightSpec> weight_specs(const ModelConfig& config) {
  const Family& family = family_of(config);
  const Family::Names& names = family.names;
  const std::int64_t c = config.hidden_size;
  const bool norm_bias = config.norm == NormKind::kLayer;
  const auto offset = static_cast<float>(config.norm_offset);
  const std::string prefix = names.prefix;
  std::vector<WeightSpec> specs;
  add(specs, {.shape = {config.vocab_size, c}, .role = WeightRole::kEmbedTokens}, embed_tokens_path(config), false);
  if (config.learned_positions) {
    add(specs, {.shape = {config.max_position_embeddings, c}, .role = WeightRole::kPositions}, prefix + names.positions,
        false);
  }
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string at = layer_prefix(family, layer);
    const auto norm = [&](WeightRole role, const char* name, std::int64_t width, bool bias) {
      add(specs, {.shape = {width}, .role = role, .offset = offset, .layer = layer}, at + name, bias);
    };
    if (config.pre_norms) norm(WeightRole::kInputNorm, names.input_norm, c, norm_bias);
    for (const LinearLayer& linear : linear_layers(config, layer)) {
      add(specs,
          {.shape = {linear.out, linear.in},
           .role = WeightRole::kLinear,
           .transposed = names.transposed,
           .layer = layer,
           .module = linear.first,
           .n_modules = linear.n_modules,
           .heads = linear.heads},
          linear.path, has_bias(config, linear.first));
    }
    if (config.qk_norm) {
      norm(WeightRole::kQNorm, names.q_norm, config.q_size() / config.qk_norms(config.num_attention_heads), false);
      norm(WeightRole::kKNorm, names.k_norm, config.kv_size() / config.qk_norms(config.num_key_value_heads), false);
    }
    if (config.mlp_norm()) norm(WeightRole::kMlpNorm, names.mlp_norm, c, norm_bias);
    if (config.post_norms) {
      norm(WeightRole::kAttentionOutputNorm, names.attention_output_norm, c, norm_bias);
      norm(WeightRole::kMlpOutputNorm, names.mlp_output_norm, c, norm_bias);
    }
  }
  add(specs, {.shape = {c}, .role = WeightRole::kNorm, .offset = offset}, prefix + names.norm, norm_bias);
  if (!config.tie_word_embeddings) {
    add(specs, {.shape = {config.vocab_size, c}, .role = WeightRole::kHead}, lm_head_path(config), config.head_bias);
  }
  return specs;
}

std::string bare_name(const ModelConfig& config, const std::string& name) {
  const std::string_view prefix = family_of(config).names.prefix;
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

std::int64_t ModelConfig::parameters() const {
  std::int64_t sum = 0;
  for (const WeightSpec& spec : weight_specs(*this)) sum += spec.elements();
  return sum;
}

}  // namespace matinee
