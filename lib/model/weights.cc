#include "lib/model/weights.h"

#include <algorithm>
#include <array>
#include <cmath>
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

// The files of a checkpoint and which of them holds a tensor.
class Checkpoint {
 public:
  explicit Checkpoint(const std::string& folder) : files_(open_checkpoint(folder)) {}

  // The tensor's file and its name there.
  std::pair<const SafetensorsFile*, std::string> find(const ModelConfig& config, const std::string& name) const {
    for (const std::string& called : {name, bare_name(config, name)}) {
      for (const auto& file : files_) {
        if (file->find(called) != nullptr) return {file.get(), called};
      }
    }
    throw missing("{}: tensor \"{}\" is missing", files_.front()->path(), name);
  }

  // A tensor without a place here is part of mathematics that the decoder does not compute: a bias, a norm of heads.
  void require_all_known(const ModelConfig& config, const std::vector<WeightSpec>& specs) const {
    std::set<std::string> known{lm_head_path(config) + ".weight"};  // often stored although it is tied; then not read
    for (const WeightSpec& spec : specs) known.insert({spec.name, bare_name(config, spec.name)});
    const auto follows_from_config = [](const std::string& name) {
      // Older checkpoints store the rotary frequencies, and the GPTs' causal masks.
      constexpr std::array<const char*, 3> ends{".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias"};
      return std::any_of(ends.begin(), ends.end(), [&](const char* end) { return name.ends_with(end); });
    };
    for (const auto& file : files_) {
      for (const TensorInfo& tensor : file->tensors()) {
        if (known.contains(tensor.name) || follows_from_config(tensor.name)) continue;
        throw bad_data("{}: tensor \"{}\": the decoder has no place for it", file->path(), tensor.name);
      }
    }
  }

 private:
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
};

// Calls piece(first, values) for the whole tensor as the decoder holds it, in float32, then lets its pages go. Of a
// transposed one a band of columns at a time, so that it is never twice in memory.
template <class Piece>
void read_tensor(const Checkpoint& checkpoint, const ModelConfig& config, const WeightSpec& spec, const Piece& piece) {
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  const auto [file, name] = checkpoint.find(config, spec.name);
  const TensorInfo& tensor = require_float_tensor(*file, name, spec.stored_shape());
  std::vector<float> values(kPiece);
  const auto elements = static_cast<std::size_t>(spec.elements());
  if (!spec.transposed) {
    for (std::size_t first = 0; first < elements; first += kPiece) {
      const auto some = std::span(values).first(std::min(kPiece, elements - first));
      read_floats(*file, tensor, first, some);
      piece(first, std::span<const float>(some));
      // A large one's pages go while it is read.
      if (first % (64 * kPiece) == 0) file->release(tensor);
    }
  } else {
    const auto out = static_cast<std::size_t>(spec.shape[0]), in = static_cast<std::size_t>(spec.shape[1]);
    const std::size_t band = std::clamp<std::size_t>(kPiece / in, 1, out);
    values.resize(band * in);
    std::vector<float> line(band);
    for (std::size_t first = 0; first < out; first += band) {
      const auto some = std::span(line).first(std::min(band, out - first));
      for (std::size_t i = 0; i < in; ++i) {
        read_floats(*file, tensor, i * out + first, some);
        for (std::size_t o = 0; o < some.size(); ++o) values[o * in + i] = some[o];
      }
      piece(first * in, std::span<const float>(values).first(some.size() * in));
    }
  }
  file->release(tensor);
}

// Whether the tensor is one of those that are quantised: the linear layers of the blocks.
bool is_quantized(const WeightSpec& spec, DType dtype) {
  return unquantized_format(dtype) != dtype && spec.role == WeightRole::kLinear && !spec.bias;
}

}  // namespace

std::uint64_t FrozenWeights::bytes_of(const ModelConfig& config, DType dtype) {
  std::uint64_t bytes = 0;
  for (const WeightSpec& spec : weight_specs(config)) {
    if (is_quantized(spec, dtype)) {
      bytes += QuantizedMatrix::bytes(dtype, spec.shape[0], spec.shape[1]);
    } else {
      bytes += static_cast<std::uint64_t>(spec.elements()) *
               (spec.shape.size() == 1 ? 4 : size_of(unquantized_format(dtype)));
    }
  }
  return bytes;
}

FrozenWeights::FrozenWeights(const std::string& folder, const ModelConfig& config, DType dtype,
                             std::uint64_t max_host_mem, Context* context)
    : config_(config),
      dtype_(unquantized_format(dtype)),
      specs_(weight_specs(config)),
      bytes_(bytes_of(config, dtype)) {
  const Checkpoint checkpoint(folder);
  checkpoint.require_all_known(config, specs_);
  require_memory("loading " + folder, bytes_, max_host_mem);
  std::vector<WeightMemory> memory;
  for (const WeightSpec& spec : specs_) {
    Tensor& tensor = tensors_.emplace_back();
    if (is_quantized(spec, dtype)) {
      if (context == nullptr) throw internal_error("FrozenWeights: quantising needs a context");
      tensor.quantized = std::make_unique<QuantizedTensor>(*context, dtype, spec.shape[0], spec.shape[1]);
      read_tensor(checkpoint, config, spec, [&](std::size_t, std::span<const float> values) {
        with_context(fmt::format("{}: tensor \"{}\"", folder, spec.name), [&] { tensor.quantized->append(values); });
      });
      tensor.view = tensor.quantized->finish();
    } else {
      const bool narrow = spec.shape.size() > 1 && dtype_ == DType::kBF16;
      const auto elements = static_cast<std::size_t>(spec.elements());
      narrow ? tensor.bf16_values.resize(elements) : tensor.f32_values.resize(elements);
      read_tensor(checkpoint, config, spec,
                  [&](std::size_t first, std::span<const float> values) { fill(tensor, narrow, first, values); });
    }
    memory.push_back({view_of(tensor), nullptr});
  }
  slots_ = slots_over(config, memory);
}

void FrozenWeights::fill(Tensor& tensor, bool narrow, std::size_t first, std::span<const float> values) const {
  if (narrow) {
    for (const float value : values) tensor.bf16_values[first++] = to_bf16(value).bits;
  } else {
    std::copy(values.begin(), values.end(), tensor.f32_values.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

WeightView FrozenWeights::view_of(const Tensor& tensor) const {
  if (tensor.quantized) return tensor.view;
  if (tensor.bf16_values.empty()) return {tensor.f32_values.data(), DType::kF32};
  return {tensor.bf16_values.data(), DType::kBF16};
}

void FrozenWeights::merge(std::int64_t layer, Module module, const float* lora_A, const float* lora_B,
                          std::int64_t rank, float scaling, const float* magnitude) {
  std::size_t at = 0;
  std::int64_t first_row = 0;
  for (const WeightSpec& spec : specs_) {
    const int place = static_cast<int>(module) - static_cast<int>(spec.module);
    if (spec.role == WeightRole::kLinear && !spec.bias && spec.layer == layer && place >= 0 && place < spec.n_modules) {
      for (int m = 0; m < place; ++m)
        first_row += module_shape(config_, static_cast<Module>(static_cast<int>(spec.module) + m))[0];
      break;
    }
    ++at;
  }
  Tensor& tensor = tensors_.at(at);
  if (tensor.quantized) throw internal_error("FrozenWeights::merge: the weights are quantised");
  const auto [out, in] = module_shape(config_, module);
  std::vector<float> row(static_cast<std::size_t>(in));
  for (std::int64_t o = 0; o < out; ++o) {
    std::fill(row.begin(), row.end(), 0.0f);
    for (std::int64_t r = 0; r < rank; ++r) {
      const float b = scaling * lora_B[o * rank + r];
      for (std::int64_t i = 0; i < in; ++i) row[static_cast<std::size_t>(i)] += b * lora_A[r * in + i];
    }
    const auto first = static_cast<std::size_t>((first_row + o) * in);
    double squares = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] += dtype_ == DType::kF32 ? tensor.f32_values[first + i] : to_float(bf16{tensor.bf16_values[first + i]});
      squares += static_cast<double>(row[i]) * row[i];
    }
    if (magnitude != nullptr && squares > 0) {
      const auto factor = static_cast<float>(magnitude[o] / std::sqrt(squares));
      for (float& value : row) value *= factor;
    }
    fill(tensor, dtype_ == DType::kBF16, first, row);
  }
}

void FrozenWeights::replace(const std::string& name, std::span<const float> values) {
  const bool head = name == lm_head_path(config_) + ".weight",
             embedding = name == embed_tokens_path(config_) + ".weight";
  if (config_.tie_word_embeddings && (head || embedding)) {
    Tensor& tensor = tensors_.emplace_back();
    const bool narrow = dtype_ == DType::kBF16;
    narrow ? tensor.bf16_values.resize(values.size()) : tensor.f32_values.resize(values.size());
    fill(tensor, narrow, 0, values);
    bytes_ += values.size() * size_of(dtype_);
    (head ? slots_.lm_head : slots_.embed_tokens).view = view_of(tensor);
    return;
  }
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].name == name) return fill(tensors_[i], !tensors_[i].bf16_values.empty(), 0, values);
  }
  throw internal_error("FrozenWeights::replace: there is no tensor \"{}\"", name);
}

void load_parameters(const std::string& folder, const ModelConfig& config, ParameterSet& parameters) {
  const Checkpoint checkpoint(folder);
  const auto specs = weight_specs(config);
  checkpoint.require_all_known(config, specs);
  for (const WeightSpec& spec : specs) {
    Parameter& parameter = parameters.add(spec.name, spec.shape, spec.shape.size() > 1);
    read_tensor(checkpoint, config, spec, [&](std::size_t first, std::span<const float> values) {
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
