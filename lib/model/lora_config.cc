#include "lib/model/lora_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/base/words.h"
#include "lib/model/families.h"
#include "lib/model/module_pattern.h"

namespace matinee {
namespace {

constexpr const char* kAllLinear = "all-linear";

bool is_rank(double value) { return value >= 1 && value <= kMostRank && value == std::floor(value); }

bool is_at(const std::string& path, const std::string& name) { return path == name || path.ends_with("." + name); }

bool is_at_any(const std::string& path, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return is_at(path, name); });
}

// The value of the first pattern that matches the path or a part of it after a dot.
double value_of(const PatternValues& patterns, const std::string& path, double otherwise) {
  for (const auto& [pattern, value] : patterns) {
    if (matches_whole("(?:.*\\.)?(?:" + pattern + ")", path)) return value;
  }
  return otherwise;
}

// The index of the block in "model.layers.3.mlp.up_proj", the first part that is a number; -1: none.
std::int64_t block_in(const std::string& path) {
  for (std::size_t at = 0; at < path.size(); at = path.find('.', at) + 1) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    std::int64_t index = 0;
    const auto [stop, error] = std::from_chars(path.data() + at, path.data() + end, index);
    if (error == std::errc() && stop == path.data() + end) return index;
    if (end == path.size()) break;
  }
  return -1;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// The last parts of the paths of a model's linear layers, each once.
std::vector<std::string> linear_names(const ModelConfig& model) {
  std::vector<std::string> names;
  for (const LinearLayer& layer : linear_layers(model, 0)) {
    const std::string name = last_part(layer.path);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

// A pattern for the paths of the bare model, which lack the prefix, becomes one for those of the whole model. PEFT
// matches a pattern with whole paths.
void complete_pattern(const ModelConfig& model, const std::vector<std::string>& paths, std::string& pattern) {
  if (pattern.empty() || pattern == kAllLinear) return;
  const auto matches = [&](const std::string& path) { return matches_whole(pattern, path); };
  if (std::any_of(paths.begin(), paths.end(), matches)) return;
  const std::string prefix = family_of(model).names.prefix;
  const auto matches_bare = [&](const std::string& path) {
    return path.starts_with(prefix) && matches(path.substr(prefix.size()));
  };
  if (prefix.empty() || std::none_of(paths.begin(), paths.end(), matches_bare)) return;
  pattern = fmt::format("{}\\.(?:{})", prefix.substr(0, prefix.size() - 1), pattern);
}

void check_tokens(const LoraConfig& config, const ModelConfig& model) {
  for (const auto& [module, ids] : config.trainable_tokens) {
    const std::string embedding = embed_tokens_path(model), head = lm_head_path(model);
    if (!is_at(embedding, module) && !is_at(head, module))
      throw bad_data("trainable_token_indices: \"{}\": expected {} or {}", module, last_part(embedding), head);
    const std::string& path = is_at(embedding, module) ? embedding : head;
    if (config.saves(path) || config.targets(path)) {
      throw bad_data("trainable_token_indices: {} is {} as well; expected one of the two", module,
                     config.saves(path) ? "in modules_to_save" : "adapted");
    }
    if (model.tie_word_embeddings && (config.targets(head) || config.saves(head))) {
      throw bad_data(
          "trainable_token_indices: the base ties {} to the embedding, and it is {} as well; expected one of "
          "the two",
          head, config.saves(head) ? "in modules_to_save" : "adapted");
    }
    std::vector<std::int32_t> sorted = ids;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (sorted[i] < 0 || sorted[i] >= model.vocab_size || (i > 0 && sorted[i] == sorted[i - 1])) {
        throw bad_data("trainable_token_indices: {}: expected different tokens from 0 to {}", sorted[i],
                       model.vocab_size - 1);
      }
    }
  }
}

}  // namespace

const std::vector<std::string>& lora_bias_names() {
  static const std::vector<std::string> names{"none", "all", "lora_only"};
  return names;
}

bool LoraConfig::targets(const std::string& path) const {
  if (is_at_any(path, exclude_modules) || saves(path)) return false;
  if (!exclude_pattern.empty() && matches_whole(exclude_pattern, path)) return false;
  if (target_modules.empty()) return target_pattern == kAllLinear || matches_whole(target_pattern, path);
  if (!is_at_any(path, target_modules)) return false;
  if (layers_to_transform.empty()) return true;
  const std::int64_t block = block_in(path);
  if (std::find(layers_to_transform.begin(), layers_to_transform.end(), block) == layers_to_transform.end())
    return false;
  return layers_pattern.empty() ||
         std::any_of(layers_pattern.begin(), layers_pattern.end(), [&](const std::string& pattern) {
           return matches_whole("(?:.*\\.)?(?:" + pattern + ")\\.\\d+\\..*", path);
         });
}

bool LoraConfig::targets(const LinearLayer& layer) const { return targets(layer.path); }

std::int64_t LoraConfig::rank_of(const LinearLayer& layer) const {
  return static_cast<std::int64_t>(value_of(rank_pattern, layer.path, static_cast<double>(rank)));
}

float LoraConfig::scaling_of(const LinearLayer& layer) const {
  const auto divisor = static_cast<double>(rank_of(layer));
  return static_cast<float>(value_of(alpha_pattern, layer.path, lora_alpha) /
                            (use_rslora ? std::sqrt(divisor) : divisor));
}

bool LoraConfig::saves(const std::string& path) const { return is_at_any(path, modules_to_save); }

bool LoraConfig::replaces(const std::string& path) const { return is_at_any(path, replaced_modules); }

const std::vector<std::int32_t>* LoraConfig::tokens_of(const std::string& path) const {
  for (const auto& [module, ids] : trainable_tokens) {
    if (is_at(path, module)) return &ids;
  }
  return nullptr;
}

void LoraConfig::resolve(const ModelConfig& model) {
  for (const auto& [pattern, value] : rank_pattern) {
    if (!is_rank(value))
      throw bad_data("rank of \"{}\": expected a whole number from 1 to {}, found {}", pattern, kMostRank, value);
  }
  const std::vector<std::string> names = linear_names(model);
  const std::string embedding = embed_tokens_path(model), head = lm_head_path(model);
  for (TrainedTokens& tokens : trainable_tokens) {
    if (tokens.module.empty()) tokens.module = last_part(embedding);  // a list without a name is the embedding's
  }
  std::vector<std::string> paths;
  for (std::int64_t layer = 0; layer < model.num_hidden_layers; ++layer) {
    for (const LinearLayer& linear : linear_layers(model, layer)) paths.push_back(linear.path);
  }
  paths.insert(paths.end(), {embedding, head});
  if (target_modules.empty() && target_pattern == kAllLinear) target_modules = names;
  complete_pattern(model, paths, target_pattern);
  complete_pattern(model, paths, exclude_pattern);
  for (const std::string& target : target_modules) {
    if (std::none_of(paths.begin(), paths.end(), [&](const std::string& path) { return is_at(path, target); })) {
      throw bad_data("target module \"{}\": expected some of {}, {}, {}", target, joined(names), last_part(embedding),
                     head);
    }
  }
  if (!layers_to_transform.empty() && target_modules.empty())
    throw bad_data("layers_to_transform: expected a list of names in target_modules, found a pattern");
  for (const std::int64_t layer : layers_to_transform) {
    if (layer < 0 || layer >= model.num_hidden_layers)
      throw bad_data("layers_to_transform: {}: expected layers from 0 to {}", layer, model.num_hidden_layers - 1);
  }
  if (std::none_of(paths.begin(), paths.end(), [&](const std::string& path) { return targets(path); })) {
    if (target_modules.empty() && exclude_modules.empty() && exclude_pattern.empty()) {
      throw bad_data("target_modules: the pattern \"{}\" matches no linear layer; they are called {}", target_pattern,
                     paths.front() + ", ...");
    }
    throw bad_data("target_modules: no layer is left by exclude_modules and layers_to_transform");
  }
  for (const std::string& name : modules_to_save) {
    if (!is_at(embedding, name) && !is_at(head, name))
      throw bad_data("modules_to_save: \"{}\": expected {} or {}", name, last_part(embedding), head);
  }
  if (bias == LoraBias::kAll && model.head_bias && saves(head))
    throw bad_data("bias: all is not understood together with {} in modules_to_save", head);
  if (use_dora && targets(embedding)) throw bad_data("use_dora: not understood for an embedding: {}", embedding);
  check_tokens(*this, model);
}

std::vector<std::pair<std::string, std::string>> identity_of(const LoraConfig& config) {
  const auto patterns = [](const PatternValues& values) {
    std::string text;
    for (const auto& [pattern, value] : values) text += fmt::format("{}{}={}", text.empty() ? "" : ",", pattern, value);
    return text;
  };
  std::vector<std::pair<std::string, std::string>> parts{
      {"--rank", fmt::format("{}", config.rank)},
      {"--alpha", fmt::format("{}", config.lora_alpha)},
      {"--dropout", fmt::format("{}", config.lora_dropout)},
      {"--targets", joined(config.target_modules)},
      {"--target-pattern", config.target_modules.empty() ? config.target_pattern : ""},
      {"--rank-pattern", patterns(config.rank_pattern)},
      {"--alpha-pattern", patterns(config.alpha_pattern)},
      {"--bias", lora_bias_names()[static_cast<std::size_t>(config.bias)]},
      {"--rslora", config.use_rslora ? "yes" : "no"},
      {"--dora", config.use_dora ? "yes" : "no"},
      {"--modules-to-save", joined(config.modules_to_save)}};
  // Only where they are given, so that checkpoints of runs without them stay valid.
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) parts.emplace_back(name, value);
  };
  add("--exclude", joined(config.exclude_modules));
  add("--exclude-pattern", config.exclude_pattern);
  add("--layers", fmt::format("{}", fmt::join(config.layers_to_transform, ",")));
  add("--layers-pattern", joined(config.layers_pattern));
  for (const auto& [module, ids] : config.trainable_tokens)
    add("--trainable-tokens", fmt::format("{}={}", module, fmt::join(ids, ",")));
  add("replaced modules", joined(config.replaced_modules));
  return parts;
}

}  // namespace matinee
