#include "lib/model/model_weights.h"

#include "lib/base/format_error.h"

namespace matinee {
namespace {

// Adds a tensor to `weight`: as its bias, or as the weight itself.
void place(WeightRef& weight, bool bias, const WeightView& view, float* grad) {
  if (bias) {
    weight.bias = static_cast<const float*>(view.data);
    weight.grad_bias = grad;
  } else {
    weight.view = view;
    weight.grad = grad;
  }
}

// Divides the tensor of a linear layer among the modules whose rows it holds.
void place_linear(const ModelConfig& config, const WeightSpec& spec, const WeightRef& tensor, LayerWeights& layer) {
  std::int64_t row = 0;
  for (int m = 0; m < spec.n_modules; ++m) {
    const auto module = static_cast<Module>(static_cast<int>(spec.module) + m);
    const auto [out, in] = module_shape(config, module);
    const std::int64_t width = spec.bias ? 1 : in;
    place(layer.modules[index_of(module)], spec.bias, rows_from(tensor.view, row, width),
          tensor.grad == nullptr ? nullptr : tensor.grad + row * width);
    row += out;
  }
}

}  // namespace

WeightRef& LayerWeights::norm(WeightRole role) {
  switch (role) {
    case WeightRole::kInputNorm: return input_norm;
    case WeightRole::kMlpNorm: return mlp_norm;
    case WeightRole::kAttentionOutputNorm: return attention_output_norm;
    case WeightRole::kMlpOutputNorm: return mlp_output_norm;
    case WeightRole::kQNorm: return q_norm;
    case WeightRole::kKNorm: return k_norm;
    default: throw internal_error("LayerWeights::norm: no norm of a block");
  }
}

ModelWeights refs_over(const ModelConfig& config, const std::vector<WeightRef>& tensors) {
  ModelWeights weights;
  weights.layers.resize(static_cast<std::size_t>(config.num_hidden_layers));
  std::size_t i = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    const WeightRef& tensor = tensors.at(i++);
    LayerWeights* layer = spec.layer < 0 ? nullptr : &weights.layers[static_cast<std::size_t>(spec.layer)];
    const auto add_to = [&](WeightRef& weight) { place(weight, spec.bias, tensor.view, tensor.grad); };
    switch (spec.role) {
      case WeightRole::kEmbedTokens: add_to(weights.embed_tokens); break;
      case WeightRole::kPositions: add_to(weights.positions); break;
      case WeightRole::kLinear: place_linear(config, spec, tensor, *layer); break;
      case WeightRole::kNorm: add_to(weights.norm); break;
      case WeightRole::kHead: add_to(weights.lm_head); break;
      default: add_to(layer->norm(spec.role));
    }
  }
  if (config.tie_word_embeddings) weights.lm_head = weights.embed_tokens;
  return weights;
}

}  // namespace matinee
