#include "lib/model/lora_adapter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/quantize/quantize.h"
#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/adapter_file.h"
#include "lib/model/lora_config_file.h"

namespace matinee {
namespace {

using Kind = LoraTensor::Kind;

// The first row of a module in the tensor that holds it.
std::int64_t first_row(const ModelConfig& model, const LinearLayer& linear, int module) {
  std::int64_t row = 0;
  for (int m = 0; m < module; ++m)
    row += module_shape(model, static_cast<Module>(static_cast<int>(linear.first) + m))[0];
  return row;
}

// Calls visit(value, grad, first_row, rows) for the base's bias of that name: once, or for each module whose rows the
// tensor holds.
template <class Visit>
void visit_bias(const ModelConfig& model, ModelWeights& weights, const std::string& name, const Visit& visit) {
  for (const WeightSpec& spec : weight_specs(model)) {
    if (!spec.bias || spec.name != name) continue;
    LayerWeights* layer = spec.layer < 0 ? nullptr : &weights.layers[static_cast<std::size_t>(spec.layer)];
    if (spec.role == WeightRole::kLinear) {
      std::int64_t row = 0;
      for (int m = 0; m < spec.n_modules; ++m) {
        const auto module = static_cast<Module>(static_cast<int>(spec.module) + m);
        WeightRef& weight = layer->modules[index_of(module)];
        const std::int64_t rows = module_shape(model, module)[0];
        visit(weight.bias, weight.grad_bias, row, rows);
        row += rows;
      }
      return;
    }
    if (spec.role == WeightRole::kHead) return visit(weights.lm_head.bias, weights.lm_head.grad_bias, 0, spec.shape[0]);
    WeightRef& norm = spec.role == WeightRole::kNorm ? weights.norm : layer->norm(spec.role);
    return visit(norm.bias, norm.grad_bias, 0, spec.shape[0]);
  }
}

// Where the gradient of element `first` is summed; null where the set has no gradients.
float* gradient_at(Parameter& parameter, std::int64_t first) {
  return parameter.grad.empty() ? nullptr : parameter.grad.data() + first;
}

// A stored matrix [rows, columns] from one in memory that is its transpose.
std::vector<float> transposed(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  std::vector<float> stored(values.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) stored[r * columns + c] = values[c * rows + r];
  }
  return stored;
}

// Rows of a table [vocab_size, width] in the device's memory, which is not quantized.
std::vector<float> rows_of(const WeightView& table, std::int64_t width, const std::vector<std::int32_t>& ids,
                           DeviceAllocator& allocator) {
  std::vector<float> rows;
  std::vector<bf16> narrow(static_cast<std::size_t>(width));
  std::vector<float> wide(static_cast<std::size_t>(width));
  for (const std::int32_t id : ids) {
    const WeightView row = rows_from(table, id, width);
    if (table.format == WeightFormat::kBF16) {
      allocator.download(narrow.data(), row.data, narrow.size() * sizeof(bf16));
      std::transform(narrow.begin(), narrow.end(), wide.begin(), [](bf16 value) { return to_float(value); });
    } else {
      allocator.download(wide.data(), row.data, wide.size() * sizeof(float));
    }
    rows.insert(rows.end(), wide.begin(), wide.end());
  }
  return rows;
}

bool is_factor(Kind kind) {
  return kind == Kind::kA || kind == Kind::kB || kind == Kind::kEmbeddingA || kind == Kind::kEmbeddingB;
}

// Relative to the run's learning rate.
double lr_factor_of(Kind kind, double lr_factor_of_B) {
  if (kind == Kind::kReplaced) return 0;  // frozen
  return kind == Kind::kB || kind == Kind::kEmbeddingB ? lr_factor_of_B : 1;
}

}  // namespace

void LoraAdapter::allocate(double lr_factor_of_B, Gradients gradients) {
  config_.resolve(model_);
  tensors_ = lora_tensors(model_, config_);
  std::vector<ParameterSpec> trained;
  for (const LoraTensor& tensor : tensors_) {
    trained.push_back({.name = tensor.name,
                       .shape = tensor.shape,
                       .decay = tensor.shape.size() > 1,
                       .lr_factor = lr_factor_of(tensor.kind, lr_factor_of_B),
                       .layer = tensor.layer});
  }
  parameters_.allocate(std::move(trained), gradients);
}

LoraAdapter::LoraAdapter(const ModelConfig& model, LoraConfig config, std::uint64_t seed,
                         std::shared_ptr<DeviceAllocator> allocator, double lr_factor_of_B)
    : model_(model), config_(std::move(config)), parameters_(std::move(allocator)) {
  allocate(lr_factor_of_B, Gradients::kAllocated);
  std::uint64_t index = 0;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    Parameter& parameter = parameters_.all()[i];
    // PEFT starts an embedding the other way round: A from zero, B from a normal distribution.
    if (tensors_[i].kind == Kind::kEmbeddingB) {
      Random random(seed, "lora_A", index);
      fill_values(parameter.value, [&] { return static_cast<float>(random.normal()); });
    } else if (tensors_[i].kind == Kind::kA) {
      const double bound = 1 / std::sqrt(static_cast<double>(parameter.shape[1]));
      Random random(seed, "lora_A", index);
      fill_values(parameter.value, [&] { return static_cast<float>((2 * random.uniform() - 1) * bound); });
    }
    ++index;
  }
}

LoraAdapter::LoraAdapter(const ModelConfig& model, const std::string& folder,
                         std::shared_ptr<DeviceAllocator> allocator, Gradients gradients, double lr_factor_of_B)
    : model_(model), parameters_(std::move(allocator)) {
  const AdapterFile file(model_, folder);
  config_ = file.config();
  metadata_ = file.metadata();
  note_ = file.note();
  allocate(lr_factor_of_B, gradients);
  for (std::size_t t = 0; t < tensors_.size(); ++t) file.read(tensors_[t], parameters_.all()[t].value);
  file.require_no_others(tensors_);
}

void LoraAdapter::begin_from(Context& context, const ModelWeights& base) {
  ModelWeights read = base;
  const LoraWeights lora = factors();
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    DeviceSpan<float>& value = parameters_.all()[t].value;
    if (tensor.kind == Kind::kMagnitude && tensor.layer < 0) {
      adapted_row_norms(context, tensor.linear.out, tensor.linear.in, base.lm_head.view, lora.head, value.data());
    } else if (tensor.kind == Kind::kMagnitude) {
      for (int m = 0; m < tensor.linear.n_modules; ++m) {
        const auto module = static_cast<Module>(static_cast<int>(tensor.linear.first) + m);
        const auto [out, in] = module_shape(model_, module);
        const auto layer = static_cast<std::size_t>(tensor.layer);
        adapted_row_norms(context, out, in, base.layers[layer].modules[index_of(module)].view,
                          lora.layers[layer][index_of(module)], value.data() + first_row(model_, tensor.linear, m));
      }
    } else if (tensor.kind == Kind::kTokens) {
      const bool head = tensor.base_name == lm_head_path(model_) + ".weight";
      const std::vector<float> rows = rows_of(head ? base.lm_head.view : base.embed_tokens.view, tensor.shape[1],
                                              ids_of(tensor), *parameters_.allocator());
      value.upload(rows);
    } else if (tensor.shape.size() == 1) {
      visit_bias(model_, read, tensor.base_name, [&](const float*& from, float*&, std::int64_t row, std::int64_t rows) {
        context.allocator()->copy(value.data() + row, from, static_cast<std::size_t>(rows) * sizeof(float));
      });
    } else if (tensor.kind == Kind::kWhole) {
      const bool head = tensor.base_name == lm_head_path(model_) + ".weight";
      const WeightView view = head ? base.lm_head.view : base.embed_tokens.view;
      dequantize(context, {.n = static_cast<std::int64_t>(value.size()),
                           .width = tensor.shape.back(),
                           .weight = view,
                           .y = value.data()});
    }
  }
}

void LoraAdapter::attach_to(ModelWeights& weights) {
  attach_biases_to(weights);
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    if (!tensor.replaces() || tensor.shape.size() == 1) continue;
    Parameter& parameter = parameters_.all()[t];
    const bool head = tensor.base_name == lm_head_path(model_) + ".weight";
    WeightRef& weight = head ? weights.lm_head : weights.embed_tokens;
    weight.view = {parameter.value.data(), WeightFormat::kF32};
    weight.grad = tensor.is_trained() ? gradient_at(parameter, 0) : nullptr;
  }
  take_base_rows(weights);
}

const std::vector<std::int32_t>& LoraAdapter::ids_of(const LoraTensor& tensor) const {
  return *config_.tokens_of(tensor.base_name.substr(0, tensor.base_name.rfind('.')));
}

void LoraAdapter::take_base_rows(const ModelWeights& weights) {
  const auto& allocator = parameters_.allocator();
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    if (tensor.kind != Kind::kTokens) continue;
    const bool head = tensor.base_name == lm_head_path(model_) + ".weight";
    const std::vector<std::int32_t>& ids = ids_of(tensor);
    std::vector<float> rows =
        rows_of(head ? weights.lm_head.view : weights.embed_tokens.view, tensor.shape[1], ids, *allocator);
    for (float& value : rows) value = -value;
    const std::size_t n = ids.size(), vocab = static_cast<std::size_t>(model_.vocab_size);
    std::vector<float> one_hot(n * vocab);
    for (std::size_t i = 0; i < n; ++i) one_hot[static_cast<std::size_t>(ids[i]) * n + i] = 1;
    TokenArrays& arrays = tokens_[t];
    arrays.minus_base = {allocator, std::span<const float>(rows)};
    arrays.difference = {allocator, rows.size()};
    arrays.one_hot = {allocator, std::span<const float>(one_hot)};
    if (!parameters_.gradients().empty()) arrays.unused_gradient = {allocator, one_hot.size()};
  }
}

void LoraAdapter::attach_biases_to(ModelWeights& weights) {
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    if (!tensor.replaces() || tensor.shape.size() != 1) continue;
    Parameter& parameter = parameters_.all()[t];
    visit_bias(model_, weights, tensor.base_name,
               [&](const float*& value, float*& grad, std::int64_t row, std::int64_t) {
                 value = parameter.value.data() + row;
                 grad = gradient_at(parameter, row);
               });
  }
}

void LoraAdapter::point_tokens(LoraWeights& lora) {
  const std::string embedding = embed_tokens_path(model_), head = lm_head_path(model_);
  for (auto& [t, arrays] : tokens_) {
    Parameter& parameter = parameters_.all()[t];
    const bool of_head = tensors_[t].base_name == head + ".weight";
    lora.tokens.push_back({.rows = parameter.value.data(),
                           .minus_base = arrays.minus_base.data(),
                           .difference = arrays.difference.data(),
                           .one_hot = of_head ? nullptr : arrays.one_hot.data(),
                           .grad_rows = gradient_at(parameter, 0),
                           .n = parameter.shape[0]});
    // Rows of a tied embedding are those of the head, too, unless it has rows of its own.
    if (!of_head && (!model_.tie_word_embeddings || config_.tokens_of(head) != nullptr)) continue;
    lora.head = {.lora_A = arrays.difference.data(),
                 .lora_B = arrays.one_hot.data(),
                 .grad_A = gradient_at(parameter, 0),
                 .grad_B = arrays.unused_gradient.data(),
                 .rank = parameter.shape[0]};
    lora.head_has_dropout = false;
  }
}

// Adds one of the factors of a layer to them; `row` is the first row of the module's part of the layer.
void LoraAdapter::point(LoraFactors& factors, const LoraTensor& tensor, Parameter& parameter, std::int64_t row) const {
  float* value = parameter.value.data();
  factors.rank = config_.rank_of(tensor.linear);
  factors.scaling = config_.scaling_of(tensor.linear);
  factors.mask = tensor.linear.first;
  if (tensor.kind == Kind::kA) {
    factors.lora_A = value;
    factors.grad_A = gradient_at(parameter, 0);
  } else if (tensor.kind == Kind::kB) {
    factors.lora_B = value + row * factors.rank;
    factors.grad_B = gradient_at(parameter, row * factors.rank);
  } else {
    factors.magnitude = value + row;
    factors.grad_magnitude = gradient_at(parameter, row);
  }
}

LoraWeights LoraAdapter::factors() {
  LoraWeights lora{.drop_probability = static_cast<float>(config_.lora_dropout), .layers = {}};
  lora.layers.resize(static_cast<std::size_t>(model_.num_hidden_layers));
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    Parameter& parameter = parameters_.all()[t];
    const LinearLayer& linear = tensor.linear;
    if (tensor.kind == Kind::kEmbeddingA || tensor.kind == Kind::kEmbeddingB) {
      const bool is_A = tensor.kind == Kind::kEmbeddingA;
      (is_A ? lora.embedding.lora_A : lora.embedding.lora_B) = parameter.value.data();
      (is_A ? lora.embedding.grad_A : lora.embedding.grad_B) = gradient_at(parameter, 0);
      lora.embedding.rank = config_.rank_of(linear);
      lora.embedding.scaling = config_.scaling_of(linear);
    } else if (!is_factor(tensor.kind) && tensor.kind != Kind::kMagnitude) {
      continue;
    } else if (tensor.layer < 0) {
      point(lora.head, tensor, parameter, 0);
    } else {
      auto& layer = lora.layers[static_cast<std::size_t>(tensor.layer)];
      for (int m = 0; m < linear.n_modules; ++m)
        point(layer[index_of(linear.first) + static_cast<std::size_t>(m)], tensor, parameter,
              first_row(model_, linear, m));
    }
  }
  point_tokens(lora);
  return lora;
}

void LoraAdapter::save(const std::string& folder, const std::map<std::string, std::string>& metadata) const {
  make_folders(folder);
  Metadata all = metadata;
  all["format"] = "pt";
  SafetensorsWriter writer(folder + "/adapter_model.safetensors", "", std::move(all));
  for (const LoraTensor& tensor : tensors_) writer.declare(tensor.name, DType::kF32, tensor.stored_shape());
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const Parameter& parameter = parameters_.all()[t];
    if (tensors_[t].order.heads > 0) {
      writer.write(parameter.name, std::span<const float>(tensors_[t].order.to_file(parameter.value.values())));
      continue;
    }
    if (tensors_[t].is_stored_transposed()) {
      const auto rows = static_cast<std::size_t>(parameter.shape[1]),
                 columns = static_cast<std::size_t>(parameter.shape[0]);
      writer.write(parameter.name, std::span<const float>(transposed(parameter.value.values(), rows, columns)));
      continue;
    }
    visit_values(parameter.value,
                 [&](std::size_t, std::span<const float> values) { writer.write(parameter.name, values); });
  }
  writer.commit();
  write_file(folder + "/adapter_config.json", lora_config_json(config_, model_));
}

}  // namespace matinee
