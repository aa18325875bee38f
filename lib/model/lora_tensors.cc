#include "lib/model/lora_tensors.h"

#include <algorithm>

namespace matinee {
namespace {

using Kind = LoraTensor::Kind;

// The factors of one linear layer.
void add_factors(const LoraConfig& config, const LinearLayer& linear, std::int64_t layer,
                 std::vector<LoraTensor>& tensors) {
  const std::int64_t rank = config.rank_of(linear);
  const std::string at = kPeftPrefix + linear.path;
  const RowOrder order{linear.heads, linear.n_modules, linear.out};
  tensors.push_back({at + ".lora_A.weight", {rank, linear.in}, Kind::kA, layer, linear, ""});
  tensors.push_back({at + ".lora_B.weight", {linear.out, rank}, Kind::kB, layer, linear, "", order});
  if (config.use_dora)
    tensors.push_back({at + ".lora_magnitude_vector", {linear.out}, Kind::kMagnitude, layer, linear, "", order});
}

void add_biases(const ModelConfig& model, const LoraConfig& config, std::vector<LoraTensor>& tensors) {
  if (config.bias == LoraBias::kNone) return;
  for (const WeightSpec& spec : weight_specs(model)) {
    if (!spec.bias) continue;
    const std::string path = spec.name.substr(0, spec.name.size() - std::string(".bias").size());
    const bool wrapped = (spec.role == WeightRole::kLinear || spec.role == WeightRole::kHead) && config.targets(path);
    if (!wrapped && config.bias == LoraBias::kLoraOnly) continue;
    tensors.push_back({kPeftPrefix + path + (wrapped ? ".base_layer.bias" : ".bias"),
                       spec.shape,
                       Kind::kBias,
                       spec.layer,
                       {},
                       spec.name,
                       {spec.heads, spec.n_modules, spec.shape[0]}});
  }
}

// What the adapter has of the embedding or the head: `table`, a layer of one row per token.
void add_table(const ModelConfig& model, const LoraConfig& config, const LinearLayer& table,
               std::vector<LoraTensor>& tensors) {
  const std::string at = kPeftPrefix + table.path, weight = table.path + ".weight";
  const std::vector<std::int64_t> shape{table.out, table.in};
  const bool head = table.path == lm_head_path(model), adapted = config.targets(table.path);
  if (adapted && head) add_factors(config, table, -1, tensors);
  if (adapted && !head) {
    const std::int64_t rank = config.rank_of(table);
    tensors.push_back({at + ".lora_embedding_A", {table.out, rank}, Kind::kEmbeddingA, -1, table, ""});
    tensors.push_back({at + ".lora_embedding_B", {table.in, rank}, Kind::kEmbeddingB, -1, table, ""});
  }
  if (config.replaces(table.path)) {
    tensors.push_back({at + (adapted ? ".base_layer.weight" : ".weight"), shape, Kind::kReplaced, -1, {}, weight});
  }
  if (config.saves(table.path)) {
    tensors.push_back({at + ".weight", shape, Kind::kWhole, -1, {}, weight});
    if (head && model.head_bias)
      tensors.push_back({at + ".bias", {table.out}, Kind::kWhole, -1, {}, table.path + ".bias"});
  }
  if (const auto* ids = config.tokens_of(table.path); ids != nullptr) {
    tensors.push_back({at + ".token_adapter.trainable_tokens_delta",
                       {static_cast<std::int64_t>(ids->size()), table.in},
                       Kind::kTokens,
                       -1,
                       {},
                       weight});
  }
}

}  // namespace

std::vector<std::int64_t> LoraTensor::stored_shape() const {
  return is_stored_transposed() ? std::vector<std::int64_t>{shape[1], shape[0]} : shape;
}

std::vector<LoraTensor> lora_tensors(const ModelConfig& model, const LoraConfig& config) {
  std::vector<LoraTensor> tensors;
  for (std::int64_t layer = 0; layer < model.num_hidden_layers; ++layer) {
    for (const LinearLayer& linear : linear_layers(model, layer)) {
      if (config.targets(linear)) add_factors(config, linear, layer, tensors);
    }
  }
  add_biases(model, config, tensors);
  add_table(model, config, embedding_layer(model), tensors);
  add_table(model, config, head_layer(model), tensors);
  return tensors;
}

}  // namespace matinee
