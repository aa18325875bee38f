#include "lib/model/lora_adapter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/quantize/quantize.h"
#include "lib/base/file.h"
#include "lib/base/format_error.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/io/text_reader.h"
#include "lib/model/adapted_linear.h"
#include "lib/model/float_tensor.h"

namespace matinee {
namespace {

using Kind = LoraTensor::Kind;

constexpr const char* kConfigFile = "/adapter_config.json";
constexpr const char* kWeightsFile = "/adapter_model.safetensors";
constexpr const char* kRoot = "base_model.model.";

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

// Reads in pieces, so that no tensor is in memory twice.
void read_values(const SafetensorsFile& file, const TensorInfo& tensor, DeviceSpan<float>& to) {
  std::vector<float> piece(std::min(kDevicePiece, to.size()));
  for (std::size_t first = 0; first < to.size(); first += piece.size()) {
    const auto some = std::span(piece).first(std::min(piece.size(), to.size() - first));
    read_floats(file, tensor, first, some);
    to.upload(some, first);
  }
}

}  // namespace

std::vector<LoraTensor> lora_tensors(const ModelConfig& model, const LoraConfig& config) {
  std::vector<LoraTensor> tensors;
  std::vector<std::string> adapted;  // "PATH.bias" of the layers with factors
  for (std::int64_t layer = 0; layer < model.num_hidden_layers; ++layer) {
    for (const LinearLayer& linear : linear_layers(model, layer)) {
      if (!config.targets(linear)) continue;
      const std::int64_t rank = config.rank_of(linear);
      const std::string at = kRoot + linear.path;
      tensors.push_back({at + ".lora_A.weight", {rank, linear.in}, Kind::kA, layer, linear, ""});
      tensors.push_back({at + ".lora_B.weight", {linear.out, rank}, Kind::kB, layer, linear, ""});
      if (config.use_dora)
        tensors.push_back({at + ".lora_magnitude_vector", {linear.out}, Kind::kMagnitude, layer, linear, ""});
      adapted.push_back(linear.path + ".bias");
    }
  }
  for (const WeightSpec& spec : weight_specs(model)) {
    if (!spec.bias || config.bias == LoraBias::kNone) continue;
    const bool wrapped = std::find(adapted.begin(), adapted.end(), spec.name) != adapted.end();
    if (!wrapped && config.bias == LoraBias::kLoraOnly) continue;
    const std::string path = spec.name.substr(0, spec.name.size() - std::string(".bias").size());
    tensors.push_back(
        {kRoot + path + (wrapped ? ".base_layer.bias" : ".bias"), spec.shape, Kind::kBias, spec.layer, {}, spec.name});
  }
  const std::vector<std::int64_t> table{model.vocab_size, model.hidden_size};
  for (const std::string& path : {embed_tokens_path(model), lm_head_path(model)}) {
    if (!config.saves(path)) continue;
    const std::string name = path + ".weight";
    tensors.push_back({kRoot + name, table, Kind::kWhole, -1, {}, name});
    if (path != lm_head_path(model) || !model.head_bias) continue;
    tensors.push_back({kRoot + path + ".bias", {model.vocab_size}, Kind::kWhole, -1, {}, path + ".bias"});
  }
  return tensors;
}

void LoraAdapter::allocate(double lr_factor_of_B, Gradients gradients) {
  config_.resolve(model_);
  tensors_ = lora_tensors(model_, config_);
  std::vector<ParameterSpec> trained;
  for (const LoraTensor& tensor : tensors_) {
    trained.push_back({.name = tensor.name,
                       .shape = tensor.shape,
                       .decay = tensor.shape.size() > 1,
                       .lr_factor = tensor.kind == Kind::kB ? lr_factor_of_B : 1,
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
    if (tensors_[i].kind == Kind::kA) {
      const double bound = 1 / std::sqrt(static_cast<double>(parameter.shape[1]));
      Random random(seed, "lora_A", index);
      fill_values(parameter.value, [&] { return static_cast<float>((2 * random.uniform() - 1) * bound); });
    }
    ++index;
  }
}

LoraAdapter::LoraAdapter(const ModelConfig& model, const std::string& folder,
                         std::shared_ptr<DeviceAllocator> allocator, Gradients gradients)
    : model_(model),
      config_(parse_lora_config(read_text(folder + kConfigFile), folder + kConfigFile)),
      parameters_(std::move(allocator)) {
  const std::string path = folder + kWeightsFile;
  with_context(folder + kConfigFile, [&] { allocate(1, gradients); });
  const SafetensorsFile file(path);
  metadata_ = file.metadata();
  for (Parameter& parameter : parameters_.all()) {
    try {
      read_values(file, require_float_tensor(file, parameter.name, parameter.shape), parameter.value);
    } catch (Error& error) {
      error.add_remedy("is this the adapter of another base?");
      throw;
    }
  }
  for (const TensorInfo& tensor : file.tensors()) {
    if (parameters_.find(tensor.name) == nullptr)
      throw bad_data("{}: tensor \"{}\" has no place in this base", path, tensor.name);
  }
}

void LoraAdapter::begin_from(Context& context, const ModelWeights& base) {
  ModelWeights read = base;
  const LoraWeights lora = factors();
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    DeviceSpan<float>& value = parameters_.all()[t].value;
    if (tensor.kind == Kind::kMagnitude) {
      for (int m = 0; m < tensor.linear.n_modules; ++m) {
        const auto module = static_cast<Module>(static_cast<int>(tensor.linear.first) + m);
        const auto [out, in] = module_shape(model_, module);
        const auto layer = static_cast<std::size_t>(tensor.layer);
        adapted_row_norms(context, out, in, base.layers[layer].modules[index_of(module)].view,
                          lora.layers[layer][index_of(module)], value.data() + first_row(model_, tensor.linear, m));
      }
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
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    Parameter& parameter = parameters_.all()[t];
    if (tensor.kind != Kind::kBias && tensor.kind != Kind::kWhole) continue;
    if (tensor.shape.size() == 1) {
      visit_bias(model_, weights, tensor.base_name,
                 [&](const float*& value, float*& grad, std::int64_t row, std::int64_t) {
                   value = parameter.value.data() + row;
                   grad = gradient_at(parameter, row);
                 });
    } else {
      const bool head = tensor.base_name == lm_head_path(model_) + ".weight";
      WeightRef& weight = head ? weights.lm_head : weights.embed_tokens;
      weight.view = {parameter.value.data(), WeightFormat::kF32};
      weight.grad = parameter.grad.data();
    }
  }
}

LoraWeights LoraAdapter::factors() {
  LoraWeights lora{static_cast<float>(config_.lora_dropout), {}};
  lora.layers.resize(static_cast<std::size_t>(model_.num_hidden_layers));
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    const LoraTensor& tensor = tensors_[t];
    if (tensor.kind == Kind::kBias || tensor.kind == Kind::kWhole) continue;
    Parameter& parameter = parameters_.all()[t];
    const LinearLayer& linear = tensor.linear;
    const std::int64_t rank = config_.rank_of(linear);
    const float scaling = config_.scaling_of(linear);
    for (int m = 0; m < linear.n_modules; ++m) {
      LoraFactors& factors =
          lora.layers[static_cast<std::size_t>(tensor.layer)][index_of(linear.first) + static_cast<std::size_t>(m)];
      const std::int64_t row = first_row(model_, linear, m);
      factors.rank = rank;
      factors.scaling = scaling;
      factors.mask = linear.first;
      float* value = parameter.value.data();
      if (tensor.kind == Kind::kA) {
        factors.lora_A = value;
        factors.grad_A = gradient_at(parameter, 0);
      } else if (tensor.kind == Kind::kB) {
        factors.lora_B = value + row * rank;
        factors.grad_B = gradient_at(parameter, row * rank);
      } else {
        factors.magnitude = value + row;
        factors.grad_magnitude = gradient_at(parameter, row);
      }
    }
  }
  return lora;
}

std::map<std::string, std::string> read_adapter_metadata(const std::string& folder) {
  return SafetensorsFile(folder + kWeightsFile).metadata();
}

void LoraAdapter::save(const std::string& folder, const std::map<std::string, std::string>& metadata) const {
  make_folders(folder);
  Metadata all = metadata;
  all["format"] = "pt";
  SafetensorsWriter writer(folder + kWeightsFile, "", std::move(all));
  for (const Parameter& parameter : parameters_.all()) writer.declare(parameter.name, DType::kF32, parameter.shape);
  for (const Parameter& parameter : parameters_.all()) {
    visit_values(parameter.value,
                 [&](std::size_t, std::span<const float> values) { writer.write(parameter.name, values); });
  }
  writer.commit();
  write_file(folder + kConfigFile, lora_config_json(config_, model_));
}

}  // namespace matinee
