#include "lib/model/model_parameters.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/checkpoint_reader.h"

namespace matinee {
namespace {

constexpr std::size_t kSavedPiece = std::size_t{1} << 16;  // elements converted at a time

void allocate_weights(const std::vector<WeightSpec>& specs, ParameterSet& parameters) {
  std::vector<ParameterSpec> trained;
  for (const WeightSpec& spec : specs)
    trained.push_back({.name = spec.name, .shape = spec.shape, .decay = spec.shape.size() > 1, .layer = spec.layer});
  parameters.allocate(std::move(trained));
}

}  // namespace

void load_parameters(const std::string& base, const ModelConfig& config, ParameterSet& parameters,
                     CheckpointHashes* hashes, const BeginProgress& progress) {
  const CheckpointReader reader(base, config, hashes);
  allocate_weights(reader.specs(), parameters);
  Progress loading =
      progress("loading the model", sizeof(float) * static_cast<std::uint64_t>(parameters.elements()), "bytes");
  auto parameter = parameters.all().begin();
  for (const WeightSpec& spec : reader.specs()) {
    DeviceSpan<float>& value = (parameter++)->value;
    const auto upload = [&](std::size_t first, std::span<const float> values) { value.upload(values, first); };
    if (reader.is_stored_as(spec, DType::kF32)) {
      reader.read_as<float>(spec, upload);
    } else {
      reader.read(spec, upload);
    }
    loading.advance(sizeof(float) * static_cast<std::uint64_t>(spec.elements()));
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

ModelWeights refs_of(const ModelConfig& config, ParameterSet& parameters) {
  std::vector<WeightRef> refs;
  for (Parameter& parameter : parameters.all())
    refs.push_back({.view = {parameter.value.data(), WeightFormat::kF32}, .grad = parameter.grad.data()});
  return refs_over(config, refs);
}

void save_model(const std::string& folder, const ModelConfig& config, const ParameterSet& parameters, DType dtype) {
  make_folders(folder);
  SafetensorsWriter writer(folder + "/model.safetensors", "", {{"format", "pt"}});
  const auto specs = weight_specs(config);
  for (const WeightSpec& spec : specs) writer.declare(spec.name, dtype, spec.stored_shape());
  std::vector<float> piece;  // smaller than a tensor, so that saving needs no more memory than training
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
    if (spec.offset != 0) {
      std::vector<float> stored = value.values();
      for (float& each : stored) each -= spec.offset;
      write(spec.name, stored);
      continue;
    }
    if (spec.in_order()) {
      visit_values(value, [&](std::size_t, std::span<const float> values) { write(spec.name, values); });
      continue;
    }
    // Reordered on the host; from another device the tensor is downloaded as a whole.
    const std::vector<float> copy = value.allocator()->is_host() ? std::vector<float>() : value.values();
    const float* values = copy.empty() ? value.data() : copy.data();
    for (std::size_t first = 0; first < value.size(); first += piece.size()) {
      piece.resize(std::min(kSavedPiece, value.size() - first));
      for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = values[spec.index_of_stored(first + i)];
      write(spec.name, piece);
    }
  }
  writer.commit();
  write_file(folder + "/config.json", model_config_json(config, dtype == DType::kF32 ? "float32" : "bfloat16"));
}

}  // namespace matinee
