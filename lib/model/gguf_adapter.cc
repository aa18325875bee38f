#include "lib/model/gguf_adapter.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "lib/base/format_error.h"
#include "lib/io/gguf_writer.h"
#include "lib/model/gguf_model.h"

namespace matinee {
namespace {

// What of an adapter GGUF cannot hold; null: it can.
const char* what_is_missing(LoraTensor::Kind kind) {
  switch (kind) {
    case LoraTensor::Kind::kA:
    case LoraTensor::Kind::kB: return nullptr;
    case LoraTensor::Kind::kMagnitude: return "magnitudes (DoRA)";
    case LoraTensor::Kind::kBias: return "trained biases";
    case LoraTensor::Kind::kEmbeddingA:
    case LoraTensor::Kind::kEmbeddingB: return "adapted embedding";
    case LoraTensor::Kind::kReplaced: return "weights of the base";
    case LoraTensor::Kind::kTokens: return "trained tokens";
    case LoraTensor::Kind::kWhole: return "fully trained layers (modules_to_save)";
  }
  return nullptr;
}

const GgufName& gguf_name(const std::vector<GgufName>& names, const std::string& weight) {
  const auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.spec.name == weight; });
  if (found == names.end()) {
    throw bad_data("{}: the GGUF of this base has no such tensor", weight)
        .add_remedy("take --format safetensors, or merge the adapter into a GGUF file of the whole model");
  }
  return *found;
}

// The rows of a lora_b in the order of the base's rows in GGUF.
void reorder_rows(std::vector<float>& values, std::int64_t rank, std::int64_t head_dim) {
  const std::vector<float> before = values;
  const auto width = static_cast<std::size_t>(rank);
  for (std::size_t row = 0; row < values.size() / width; ++row) {
    const auto from = static_cast<std::size_t>(reordered_row(static_cast<std::int64_t>(row), head_dim, true)) * width;
    std::copy_n(before.begin() + static_cast<std::ptrdiff_t>(from), width,
                values.begin() + static_cast<std::ptrdiff_t>(row * width));
  }
}

}  // namespace

void write_gguf_adapter(const ModelConfig& config, const LoraAdapter& adapter, const std::string& name,
                        const std::string& path) {
  const LoraConfig& lora = adapter.config();
  const std::vector<LoraTensor> tensors = lora_tensors(config, lora);
  const std::vector<GgufName> names = gguf_names(config);
  for (const LoraTensor& tensor : tensors) {
    if (const char* missing = what_is_missing(tensor.kind); missing != nullptr) {
      throw bad_data("{}: a GGUF adapter has no {}", tensor.name, missing)
          .add_remedy("merge it into the whole model: --format gguf-q8_0 or another");
    }
  }
  GgufWriter writer(path);
  writer.add("general.architecture", GgufValue::text(gguf_architecture_of(config).name));
  writer.add("general.type", GgufValue::text("adapter"));
  writer.add("general.name", GgufValue::text(name));
  writer.add("adapter.type", GgufValue::text("lora"));
  const auto alpha = static_cast<float>(lora.lora_alpha);
  writer.add("adapter.lora.alpha", GgufValue::f32(alpha));

  const auto stored_name = [&](const LoraTensor& tensor) {
    const char* factor = tensor.kind == LoraTensor::Kind::kA ? ".lora_a" : ".lora_b";
    return gguf_name(names, tensor.linear.path + ".weight").gguf + factor;
  };
  for (const LoraTensor& tensor : tensors) writer.declare(stored_name(tensor), GgufFormat::kF32, tensor.shape);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const LoraTensor& tensor = tensors[i];
    std::vector<float> values = adapter.parameters().all().at(i).value.values();
    if (tensor.kind == LoraTensor::Kind::kB) {
      const auto rank = static_cast<float>(tensor.shape[1]);
      const float scaling = lora.scaling_of(tensor.linear);
      if (scaling != alpha / rank) {
        for (float& each : values) each *= scaling * rank / alpha;
      }
      const GgufName& base = gguf_name(names, tensor.linear.path + ".weight");
      if (base.heads > 0) reorder_rows(values, tensor.shape[1], config.head_dim);
    }
    writer.write(stored_name(tensor), values);
  }
  writer.commit();
}

}  // namespace matinee
