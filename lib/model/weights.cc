#include "lib/model/weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <type_traits>

#include "lib/base/format_error.h"
#include "lib/base/memory_budget.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/base_format.h"
#include "lib/model/checkpoint_reader.h"
#include "lib/model/lora_merge.h"

namespace matinee {
namespace {

constexpr std::size_t kSavedPiece = std::size_t{1} << 16;  // numbers that are converted at a time

// What the numbers of a tensor are held in that is not quantized.
WeightFormat plain_format(const WeightSpec& spec, WeightFormat format) {
  return spec.shape.size() == 1 ? WeightFormat::kF32 : unquantized_format(format);
}

}  // namespace

bool is_quantized(const WeightSpec& spec, WeightFormat format) {
  return unquantized_format(format) != format && spec.role == WeightRole::kLinear && !spec.bias;
}

std::uint64_t FrozenWeights::bytes_of(const ModelConfig& config, WeightFormat format) {
  std::uint64_t bytes = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    bytes += is_quantized(spec, format)
                 ? QuantizedMatrix::bytes(format, spec.shape[0], spec.shape[1])
                 : static_cast<std::uint64_t>(spec.elements()) * size_of(plain_format(spec, format));
  }
  return bytes;
}

std::uint64_t FrozenWeights::aside_bytes(const ModelConfig& config, WeightFormat format) {
  if (config.tie_word_embeddings) return 0;
  return static_cast<std::uint64_t>(config.vocab_size * config.hidden_size) * size_of(unquantized_format(format));
}

FrozenWeights::FrozenWeights(const std::string& folder, const ModelConfig& config, WeightFormat format,
                             std::uint64_t max_host_mem, Context* context, const LoraMerge* merge,
                             CheckpointHashes* hashes, bool table_aside)
    : bytes_(bytes_of(config, format)) {
  const std::shared_ptr<DeviceAllocator> allocator = context != nullptr ? context->allocator() : host_allocator();
  const CheckpointReader reader(folder, config, hashes);
  const std::string head = lm_head_path(config) + ".weight", embedding = embed_tokens_path(config) + ".weight";
  const auto comes_apart = [&](const std::string& name) {
    return merge != nullptr && config.tie_word_embeddings && (name == head || name == embedding) &&
           merge->changes(name);
  };
  for (const std::string& name : {embedding, head}) {
    if (comes_apart(name)) bytes_ += merge->whole_size(name) * size_of(unquantized_format(format));
  }
  table_aside = table_aside && !config.tie_word_embeddings;
  require_memory("loading " + folder,
                 allocator->is_host() ? bytes_
                 : table_aside        ? aside_bytes(config, format)
                                      : 0,
                 max_host_mem);
  std::vector<WeightMemory> views;
  std::vector<bf16> narrow;
  for (const WeightSpec& spec : reader.specs()) {
    Tensor& tensor = tensors_.emplace_back();
    if (is_quantized(spec, format)) {
      if (context == nullptr) throw internal_error("FrozenWeights: quantizing needs a context");
      tensor.quantized = std::make_unique<QuantizedTensor>(*context, format, spec.shape[0], spec.shape[1]);
    } else {
      const bool aside = table_aside && spec.role == WeightRole::kEmbedTokens;
      tensor.allocate(aside ? allocator->host_side() : allocator, static_cast<std::size_t>(spec.elements()),
                      plain_format(spec, format));
    }
    const bool merged = merge != nullptr && !comes_apart(spec.name) && merge->changes(spec.name);
    const std::string place = fmt::format("{}: tensor \"{}\"", folder, spec.name);
    if (merged || !fill_as_stored(reader, spec, place, tensor)) {
      reader.read(spec, [&](std::size_t first, std::span<float> values) {
        if (merged) merge->apply(spec, first, values);
        with_context(place, [&] { tensor.fill(first, values, narrow); });
      });
    }
    views.push_back({tensor.quantized ? tensor.quantized->finish() : tensor.view(), nullptr});
  }
  slots_ = slots_over(config, views);
  for (const std::string& name : {embedding, head}) {
    if (!comes_apart(name)) continue;
    Tensor& tensor = tensors_.emplace_back();
    tensor.allocate(allocator, merge->whole_size(name), unquantized_format(format));
    merge->visit_whole(name,
                       [&](std::size_t first, std::span<const float> values) { tensor.fill(first, values, narrow); });
    (name == head ? slots_.lm_head : slots_.embed_tokens).view = tensor.view();
  }
}

void FrozenWeights::Tensor::allocate(const std::shared_ptr<DeviceAllocator>& allocator, std::size_t elements,
                                     WeightFormat format) {
  if (format == WeightFormat::kBF16) {
    bf16_values = DeviceBuffer<bf16>::unset(allocator, elements);
  } else {
    f32_values = DeviceBuffer<float>::unset(allocator, elements);
  }
}

bool FrozenWeights::fill_as_stored(const CheckpointReader& reader, const WeightSpec& spec, const std::string& place,
                                   Tensor& tensor) {
  if (tensor.quantized != nullptr) {
    if (!reader.is_stored_as(spec, DType::kBF16)) return false;
    reader.read_as<bf16>(
        spec,
        [&](std::size_t, std::span<const bf16> values) {
          with_context(place, [&] { tensor.quantized->append_rows(values); });
        },
        QuantizedTensor::kGroup);
    return true;
  }
  const auto upload = [&](auto& buffer) {
    using T = std::remove_pointer_t<decltype(buffer.data())>;
    if (!reader.is_stored_as(spec, DTypeOf<T>::value)) return false;
    reader.read_as<T>(spec, [&](std::size_t first, std::span<const T> values) { buffer.upload(values, first); });
    return true;
  };
  return tensor.bf16_values.empty() ? upload(tensor.f32_values) : upload(tensor.bf16_values);
}

void FrozenWeights::Tensor::fill(std::size_t first, std::span<const float> values, std::vector<bf16>& narrow) {
  if (quantized) {
    quantized->append(values);
  } else if (!bf16_values.empty()) {
    narrow.resize(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), to_bf16);
    bf16_values.upload(narrow, first);
  } else {
    f32_values.upload(values, first);
  }
}

WeightView FrozenWeights::Tensor::view() const {
  if (bf16_values.empty()) return {f32_values.data(), WeightFormat::kF32};
  return {bf16_values.data(), WeightFormat::kBF16};
}

namespace {

void allocate_weights(const std::vector<WeightSpec>& specs, ParameterSet& parameters) {
  std::vector<ParameterSpec> trained;
  for (const WeightSpec& spec : specs)
    trained.push_back({.name = spec.name, .shape = spec.shape, .decay = spec.shape.size() > 1, .layer = spec.layer});
  parameters.allocate(std::move(trained));
}

}  // namespace

void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters,
                     CheckpointHashes* hashes) {
  const CheckpointReader reader(folder, config, hashes);
  allocate_weights(reader.specs(), parameters);
  auto parameter = parameters.all().begin();
  for (const WeightSpec& spec : reader.specs()) {
    DeviceSpan<float>& value = (parameter++)->value;
    const auto upload = [&](std::size_t first, std::span<const float> values) { value.upload(values, first); };
    if (reader.is_stored_as(spec, DType::kF32)) {
      reader.read_as<float>(spec, upload);
    } else {
      reader.read(spec, upload);
    }
  }
}

void initialize_parameters(const ModelConfig& config, std::uint64_t seed, ParameterSet& parameters) {
  const double residual = 1 / std::sqrt(2.0 * static_cast<double>(config.num_hidden_layers));
  const std::vector<WeightSpec> specs = weight_specs(config);
  allocate_weights(specs, parameters);
  std::uint64_t index = 0;
  for (const WeightSpec& spec : specs) {
    Parameter& parameter = parameters.all()[index];
    if (spec.shape.size() == 1) {
      fill_values(parameter.value, [&] { return spec.bias ? 0.0f : 1.0f; });
    } else {
      const bool into_residual =
          spec.role == WeightRole::kLinear && (spec.module == Module::kO || spec.module == Module::kDown);
      Random random(seed, "weights", index);
      fill_values(parameter.value,
                  [&] { return static_cast<float>(random.normal() * 0.02 * (into_residual ? residual : 1)); });
    }
    ++index;
  }
}

WeightSlots slots_of(const ModelConfig& config, ParameterSet& parameters) {
  std::vector<WeightMemory> memory;
  for (Parameter& parameter : parameters.all())
    memory.push_back({{parameter.value.data(), WeightFormat::kF32}, parameter.grad.data()});
  return slots_over(config, memory);
}

void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype) {
  make_folders(folder);
  SafetensorsWriter writer(folder + "/model.safetensors", "", {{"format", "pt"}});
  const auto specs = weight_specs(config);
  for (const WeightSpec& spec : specs) writer.declare(spec.name, dtype, spec.stored_shape());
  std::vector<float> piece;  // not a whole tensor: saving must fit where training did
  std::vector<bf16> narrow;
  const auto write = [&](const std::string& name, std::span<const float> values) {
    if (dtype == DType::kF32) return writer.write(name, values);
    for (std::size_t first = 0; first < values.size(); first += kSavedPiece) {
      const auto some = values.subspan(first, std::min(kSavedPiece, values.size() - first));
      narrow.clear();
      for (const float each : some) narrow.push_back(to_bf16(each));
      writer.write(name, std::span<const bf16>(narrow));
    }
  };
  std::size_t index = 0;
  for (const WeightSpec& spec : specs) {
    const DeviceSpan<float>& value = parameters.all().at(index++).value;
    if (!spec.transposed) {
      visit_values(value, [&](std::size_t, std::span<const float> values) { write(spec.name, values); });
      continue;
    }
    // What another device holds is turned here, so there it comes whole.
    const std::vector<float> copy = value.allocator()->is_host() ? std::vector<float>() : value.values();
    const float* values = copy.empty() ? value.data() : copy.data();
    const auto out = static_cast<std::size_t>(spec.shape[0]), in = static_cast<std::size_t>(spec.shape[1]);
    for (std::size_t first = 0; first < value.size(); first += piece.size()) {
      piece.resize(std::min(kSavedPiece, value.size() - first));
      for (std::size_t i = 0; i < piece.size(); ++i) {
        const std::size_t stored = first + i;
        piece[i] = values[stored % out * in + stored / out];
      }
      write(spec.name, piece);
    }
  }
  writer.commit();
  write_file(folder + "/config.json", model_config_json(config, dtype == DType::kF32 ? "float32" : "bfloat16"));
}

}  // namespace matinee
