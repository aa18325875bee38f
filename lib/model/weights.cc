#include "lib/model/weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <span>
#include <string_view>

#include "lib/base/format_error.h"
#include "lib/base/large_pages.h"
#include "lib/base/memory_budget.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/base_format.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/lora_merge.h"

namespace matinee {
namespace {

// What the numbers of a tensor are held in that is not quantised.
DType plain_dtype(const WeightSpec& spec, DType dtype) {
  return spec.shape.size() == 1 ? DType::kF32 : unquantized_format(dtype);
}

}  // namespace

bool is_quantized(const WeightSpec& spec, DType format) {
  return unquantized_format(format) != format && spec.role == WeightRole::kLinear && !spec.bias;
}

std::uint64_t FrozenWeights::bytes_of(const ModelConfig& config, DType dtype) {
  std::uint64_t bytes = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    bytes += is_quantized(spec, dtype)
                 ? QuantizedMatrix::bytes(dtype, spec.shape[0], spec.shape[1])
                 : static_cast<std::uint64_t>(spec.elements()) * size_of(plain_dtype(spec, dtype));
  }
  return bytes;
}

FrozenWeights::FrozenWeights(const std::string& folder, const ModelConfig& config, DType dtype,
                             std::uint64_t max_host_mem, Context* context, const LoraMerge* merge)
    : bytes_(bytes_of(config, dtype)) {
  const CheckpointReader reader(folder, config);
  const std::string head = lm_head_path(config) + ".weight", embedding = embed_tokens_path(config) + ".weight";
  const auto comes_apart = [&](const std::string& name) {
    return merge != nullptr && config.tie_word_embeddings && (name == head || name == embedding) &&
           merge->changes(name);
  };
  for (const std::string& name : {embedding, head}) {
    if (comes_apart(name)) bytes_ += merge->whole(name).size() * size_of(unquantized_format(dtype));
  }
  require_memory("loading " + folder, bytes_, max_host_mem);
  std::vector<WeightMemory> memory;
  for (const WeightSpec& spec : reader.specs()) {
    Tensor& tensor = tensors_.emplace_back();
    if (is_quantized(spec, dtype)) {
      if (context == nullptr) throw internal_error("FrozenWeights: quantising needs a context");
      tensor.quantized = std::make_unique<QuantizedTensor>(*context, dtype, spec.shape[0], spec.shape[1]);
    } else {
      tensor.allocate(static_cast<std::size_t>(spec.elements()), plain_dtype(spec, dtype));
    }
    reader.read(spec, [&](std::size_t first, std::span<float> values) {
      if (merge != nullptr && !comes_apart(spec.name)) merge->apply(spec, first, values);
      with_context(fmt::format("{}: tensor \"{}\"", folder, spec.name), [&] { tensor.fill(first, values); });
    });
    memory.push_back({tensor.quantized ? tensor.quantized->finish() : tensor.view(), nullptr});
  }
  slots_ = slots_over(config, memory);
  for (const std::string& name : {embedding, head}) {
    if (!comes_apart(name)) continue;
    Tensor& tensor = tensors_.emplace_back();
    tensor.allocate(merge->whole(name).size(), unquantized_format(dtype));
    tensor.fill(0, merge->whole(name));
    (name == head ? slots_.lm_head : slots_.embed_tokens).view = tensor.view();
  }
}

void FrozenWeights::Tensor::allocate(std::size_t elements, DType dtype) {
  dtype == DType::kBF16 ? resize_on_large_pages(bf16_values, elements) : resize_on_large_pages(f32_values, elements);
}

void FrozenWeights::Tensor::fill(std::size_t first, std::span<const float> values) {
  if (quantized) {
    quantized->append(values);
  } else if (!bf16_values.empty()) {
    for (const float value : values) bf16_values[first++] = to_bf16(value).bits;
  } else {
    std::copy(values.begin(), values.end(), f32_values.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

WeightView FrozenWeights::Tensor::view() const {
  if (bf16_values.empty()) return {f32_values.data(), DType::kF32};
  return {bf16_values.data(), DType::kBF16};
}

void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters) {
  const CheckpointReader reader(folder, config);
  for (const WeightSpec& spec : reader.specs()) {
    Parameter& parameter = parameters.add(spec.name, spec.shape, spec.shape.size() > 1);
    reader.read(spec, [&](std::size_t first, std::span<const float> values) {
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
      std::fill(parameter.value.begin(), parameter.value.end(), spec.bias ? 0.0f : 1.0f);
    } else {
      const bool into_residual =
          spec.role == WeightRole::kLinear && (spec.module == Module::kO || spec.module == Module::kDown);
      Random random(seed, "weights", index);
      for (float& value : parameter.value)
        value = static_cast<float>(random.normal() * 0.02 * (into_residual ? residual : 1));
    }
    ++index;
  }
}

WeightSlots slots_of(const ModelConfig& config, ParameterSet& parameters) {
  std::vector<WeightMemory> memory;
  for (Parameter& parameter : parameters.all())
    memory.push_back({{parameter.value.data(), DType::kF32}, parameter.grad.data()});
  return slots_over(config, memory);
}

void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype) {
  make_folders(folder);
  SafetensorsWriter writer(folder + "/model.safetensors", "", {{"format", "pt"}});
  const auto specs = weight_specs(config);
  for (const WeightSpec& spec : specs) writer.declare(spec.name, dtype, spec.stored_shape());
  std::vector<float> stored;
  std::vector<bf16> narrow;
  std::size_t index = 0;
  for (const WeightSpec& spec : specs) {
    const std::vector<float>& value = parameters.all().at(index++).value;
    stored = value;
    if (spec.transposed) {
      const auto out = static_cast<std::size_t>(spec.shape[0]), in = static_cast<std::size_t>(spec.shape[1]);
      for (std::size_t o = 0; o < out; ++o)
        for (std::size_t i = 0; i < in; ++i) stored[i * out + o] = value[o * in + i];
    }
    if (dtype == DType::kF32) {
      writer.write(spec.name, std::span<const float>(stored));
      continue;
    }
    narrow.clear();
    for (const float each : stored) narrow.push_back(to_bf16(each));
    writer.write(spec.name, std::span<const bf16>(narrow));
  }
  writer.commit();
  write_file(folder + "/config.json", model_config_json(config, dtype == DType::kF32 ? "float32" : "bfloat16"));
}

}  // namespace matinee
