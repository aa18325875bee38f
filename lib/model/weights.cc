#include "lib/model/weights.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/base_format.h"
#include "lib/model/checkpoint_files.h"
#include "lib/model/float_tensor.h"

namespace matinee {
namespace {

constexpr std::array<const char*, kModules> kModuleNames{"q_proj",    "k_proj",  "v_proj",   "o_proj",
                                                         "gate_proj", "up_proj", "down_proj"};

// The files of a checkpoint and which of them holds a tensor.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& folder) : files_(open_checkpoint(folder)) {}

  const SafetensorsFile& file_with(const std::string& name) const {
    for (const auto& file : files_) {
      if (file->find(name) != nullptr) return *file;
    }
    throw missing("{}: tensor \"{}\" is missing", files_.front()->path(), name);
  }

  // A tensor without a place here is part of mathematics that the decoder does not compute: a bias, a norm of heads.
  void require_all_known(const std::vector<WeightSpec>& specs) const {
    std::set<std::string_view> known{"lm_head.weight"};  // often stored although it is tied, and then not read
    for (const WeightSpec& spec : specs) known.insert(spec.name);
    for (const auto& file : files_) {
      for (const TensorInfo& tensor : file->tensors()) {
        // Older checkpoints store the rotary frequencies, which follow from the configuration.
        if (known.contains(tensor.name) || tensor.name.ends_with(".rotary_emb.inv_freq")) continue;
        throw bad_data("{}: tensor \"{}\": the decoder has no place for it", file->path(), tensor.name);
      }
    }
  }

 private:
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
};

// Calls piece(first, values) for the whole tensor in float32, then lets its pages go.
template <class Piece>
void read_tensor(const Checkpoint& checkpoint, const WeightSpec& spec, const Piece& piece) {
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  const SafetensorsFile& file = checkpoint.file_with(spec.name);
  const TensorInfo& tensor = require_float_tensor(file, spec.name, spec.shape);
  std::vector<float> values(kPiece);
  const std::size_t elements = tensor.bytes / size_of(tensor.dtype);
  for (std::size_t first = 0; first < elements; first += kPiece) {
    const auto some = std::span(values).first(std::min(kPiece, elements - first));
    read_floats(file, tensor, first, some);
    piece(first, some);
    // A large one's pages go while it is read.
    if (first % (64 * kPiece) == 0) file.release(tensor);
  }
  file.release(tensor);
}

// Whether the tensor is one of those that are quantised: the linear layers of the blocks.
bool is_quantized(const WeightSpec& spec, DType dtype) {
  return unquantized_format(dtype) != dtype && spec.shape.size() == 2 &&
         spec.name.find(".layers.") != std::string::npos;
}

std::int64_t elements_of(const WeightSpec& spec) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : spec.shape) elements *= extent;
  return elements;
}

// Fills slots from the tensors in the order of weight_specs.
WeightSlots arrange(const ModelConfig& config, const std::function<WeightSlot(std::size_t)>& matrix,
                    const std::function<VectorSlot(std::size_t)>& vector) {
  WeightSlots slots;
  std::size_t i = 0;
  slots.embed_tokens = matrix(i++);
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    LayerSlots& at = slots.layers.emplace_back();
    at.input_norm = vector(i++);
    for (WeightSlot& module : at.modules) module = matrix(i++);
    at.post_attention_norm = vector(i++);
  }
  slots.norm = vector(i++);
  slots.lm_head = config.tie_word_embeddings ? slots.embed_tokens : matrix(i);
  return slots;
}

}  // namespace

const char* name_of(Module module) { return kModuleNames[static_cast<std::size_t>(module)]; }

std::string module_path(std::int64_t layer, Module module) {
  return fmt::format("model.layers.{}.{}.{}", layer, module <= Module::kO ? "self_attn" : "mlp", name_of(module));
}

std::array<std::int64_t, 2> module_shape(const ModelConfig& config, Module module) {
  switch (module) {
    case Module::kQ:
      return {config.q_size(), config.hidden_size};
    case Module::kK:
    case Module::kV:
      return {config.kv_size(), config.hidden_size};
    case Module::kO:
      return {config.hidden_size, config.q_size()};
    case Module::kGate:
    case Module::kUp:
      return {config.intermediate_size, config.hidden_size};
    case Module::kDown:
      return {config.hidden_size, config.intermediate_size};
  }
  throw internal_error("module_shape: no such module");
}

std::vector<WeightSpec> weight_specs(const ModelConfig& config) {
  std::vector<WeightSpec> specs{{"model.embed_tokens.weight", {config.vocab_size, config.hidden_size}}};
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string prefix = fmt::format("model.layers.{}.", layer);
    specs.push_back({prefix + "input_layernorm.weight", {config.hidden_size}});
    for (int m = 0; m < kModules; ++m) {
      const auto module = static_cast<Module>(m);
      const auto shape = module_shape(config, module);
      specs.push_back({module_path(layer, module) + ".weight", {shape[0], shape[1]}});
    }
    specs.push_back({prefix + "post_attention_layernorm.weight", {config.hidden_size}});
  }
  specs.push_back({"model.norm.weight", {config.hidden_size}});
  if (!config.tie_word_embeddings) specs.push_back({"lm_head.weight", {config.vocab_size, config.hidden_size}});
  return specs;
}

std::uint64_t FrozenWeights::bytes_of(const ModelConfig& config, DType dtype) {
  std::uint64_t bytes = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    if (is_quantized(spec, dtype)) {
      bytes += QuantizedMatrix::bytes(dtype, spec.shape[0], spec.shape[1]);
    } else {
      bytes += static_cast<std::uint64_t>(elements_of(spec)) *
               (spec.shape.size() == 1 ? 4 : size_of(unquantized_format(dtype)));
    }
  }
  return bytes;
}

FrozenWeights::FrozenWeights(const std::string& folder, const ModelConfig& config, DType dtype,
                             std::uint64_t max_host_mem, Context* context)
    : config_(config), dtype_(dtype), bytes_(bytes_of(config, dtype)) {
  const Checkpoint checkpoint(folder);
  const auto specs = weight_specs(config);
  checkpoint.require_all_known(specs);
  require_memory("loading " + folder, bytes_, max_host_mem);
  for (const WeightSpec& spec : specs) {
    Tensor& tensor = tensors_.emplace_back();
    tensor.shape = spec.shape;
    const auto elements = static_cast<std::size_t>(elements_of(spec));
    if (is_quantized(spec, dtype)) {
      if (context == nullptr) throw internal_error("FrozenWeights: quantising needs a context");
      tensor.quantized = std::make_unique<QuantizedTensor>(*context, dtype, spec.shape[0], spec.shape[1]);
      read_tensor(checkpoint, spec, [&](std::size_t, std::span<const float> values) {
        with_context(fmt::format("{}: tensor \"{}\"", folder, spec.name), [&] { tensor.quantized->append(values); });
      });
      tensor.view = tensor.quantized->finish();
    } else if (spec.shape.size() == 1 || dtype == DType::kF32) {
      tensor.f32_values.resize(elements);
      read_tensor(checkpoint, spec, [&](std::size_t first, std::span<const float> values) {
        std::copy(values.begin(), values.end(), tensor.f32_values.begin() + static_cast<std::ptrdiff_t>(first));
      });
      tensor.view = {tensor.f32_values.data(), DType::kF32};
    } else {
      tensor.bf16_values.resize(elements);
      read_tensor(checkpoint, spec, [&](std::size_t first, std::span<const float> values) {
        for (const float value : values) tensor.bf16_values[first++] = to_bf16(value).bits;
      });
      tensor.view = {tensor.bf16_values.data(), DType::kBF16};
    }
  }
  slots_ = arrange(
      config,
      [&](std::size_t i) {
        return WeightSlot{tensors_[i].view, nullptr};
      },
      [&](std::size_t i) {
        return VectorSlot{tensors_[i].f32_values.data(), nullptr};
      });
}

void FrozenWeights::merge(std::int64_t layer, Module module, const float* lora_A, const float* lora_B,
                          std::int64_t rank, float scaling) {
  // Order of weight_specs: the embedding, then per layer a norm, the modules and a norm.
  Tensor& tensor = tensors_[static_cast<std::size_t>(1 + layer * (kModules + 2) + 1 + static_cast<int>(module))];
  if (tensor.quantized) throw internal_error("FrozenWeights::merge: the weights are quantised");
  const std::int64_t out = tensor.shape[0], in = tensor.shape[1];
  std::vector<float> delta(static_cast<std::size_t>(in));
  for (std::int64_t o = 0; o < out; ++o) {
    std::fill(delta.begin(), delta.end(), 0.0f);
    for (std::int64_t r = 0; r < rank; ++r) {
      const float b = scaling * lora_B[o * rank + r];
      for (std::int64_t i = 0; i < in; ++i) delta[static_cast<std::size_t>(i)] += b * lora_A[r * in + i];
    }
    for (std::int64_t i = 0; i < in; ++i) {
      const auto at = static_cast<std::size_t>(o * in + i);
      if (dtype_ == DType::kF32) {
        tensor.f32_values[at] += delta[static_cast<std::size_t>(i)];
      } else {
        tensor.bf16_values[at] =
            to_bf16(to_float(bf16{tensor.bf16_values[at]}) + delta[static_cast<std::size_t>(i)]).bits;
      }
    }
  }
}

void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters) {
  const Checkpoint checkpoint(folder);
  const auto specs = weight_specs(config);
  checkpoint.require_all_known(specs);
  for (const WeightSpec& spec : specs) {
    Parameter& parameter = parameters.add(spec.name, spec.shape, spec.shape.size() > 1);
    read_tensor(checkpoint, spec, [&](std::size_t first, std::span<const float> values) {
      std::copy(values.begin(), values.end(), parameter.value.begin() + static_cast<std::ptrdiff_t>(first));
    });
  }
}

void initialise_parameters(const ModelConfig& config, std::uint64_t seed, ParameterSet& parameters) {
  const double residual = 1 / std::sqrt(2.0 * static_cast<double>(config.num_hidden_layers));
  std::uint64_t index = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    Parameter& parameter = parameters.add(spec.name, spec.shape, spec.shape.size() > 1);
    if (spec.shape.size() == 1) {
      std::fill(parameter.value.begin(), parameter.value.end(), 1.0f);
    } else {
      const bool into_residual = spec.name.ends_with("o_proj.weight") || spec.name.ends_with("down_proj.weight");
      Random random(seed, "weights", index);
      for (float& value : parameter.value)
        value = static_cast<float>(random.normal() * 0.02 * (into_residual ? residual : 1));
    }
    ++index;
  }
}

WeightSlots slots_over(const ModelConfig& config, const std::vector<WeightMemory>& tensors) {
  return arrange(
      config,
      [&](std::size_t i) {
        return WeightSlot{tensors.at(i).view, tensors.at(i).grad};
      },
      [&](std::size_t i) {
        return VectorSlot{static_cast<const float*>(tensors.at(i).view.data), tensors.at(i).grad};
      });
}

WeightSlots slots_of(const ModelConfig& config, ParameterSet& parameters) {
  auto& all = parameters.all();
  return arrange(
      config,
      [&](std::size_t i) {
        return WeightSlot{{all[i].value.data(), DType::kF32}, all[i].grad.data()};
      },
      [&](std::size_t i) {
        return VectorSlot{all[i].value.data(), all[i].grad.data()};
      });
}

void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype) {
  make_folders(folder);
  SafetensorsWriter writer(folder + "/model.safetensors", "", {{"format", "pt"}});
  for (const Parameter& parameter : parameters.all()) writer.declare(parameter.name, dtype, parameter.shape);
  std::vector<bf16> narrow;
  for (const Parameter& parameter : parameters.all()) {
    if (dtype == DType::kF32) {
      writer.write(parameter.name, std::span<const float>(parameter.value));
      continue;
    }
    narrow.clear();
    for (const float value : parameter.value) narrow.push_back(to_bf16(value));
    writer.write(parameter.name, std::span<const bf16>(narrow));
  }
  writer.commit();
  write_file(folder + "/config.json", model_config_json(config, dtype == DType::kF32 ? "float32" : "bfloat16"));
}

}  // namespace matinee
