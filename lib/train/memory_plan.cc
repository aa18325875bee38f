#include "lib/train/memory_plan.h"

#include <vector>

#include "lib/base/memory_budget.h"
#include "lib/base/options.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/training_buffers.h"
#include "lib/train/train_state.h"

namespace matinee {

namespace {

struct Part {
  const char* name;
  std::uint64_t bytes;
};

std::uint64_t sum_of(const std::vector<Part>& parts) {
  std::uint64_t sum = 0;
  for (const Part& part : parts) sum += part.bytes;
  return sum;
}

std::string list(const std::vector<Part>& parts) {
  std::string text = format_size(sum_of(parts)) + ":";
  for (const Part& part : parts) {
    if (part.bytes == 0) continue;
    text += std::string(text.back() == ':' ? " " : ", ") + part.name + " " + format_size(part.bytes);
  }
  return text;
}

std::vector<Part> device_parts(const MemoryPlan& plan) {
  return {{"weights", plan.weights},       {"trained parameters", plan.trained},      {"gradients", plan.gradients},
          {"moments", plan.moments},       {"best parameters", plan.best_parameters}, {"activations", plan.activations},
          {"scratch memory", plan.scratch}};
}

std::vector<Part> host_parts(const MemoryPlan& plan) {
  return {{"table of tokens", plan.table},
          {"inputs of layers", plan.inputs},
          {"tokens", plan.tokens},
          {"program", plan.program}};
}

}  // namespace

std::uint64_t MemoryPlan::host_bytes() const {
  return sum_of(host_parts(*this)) + (on_device ? 0 : sum_of(device_parts(*this)));
}

std::uint64_t MemoryPlan::device_bytes() const { return on_device ? sum_of(device_parts(*this)) : 0; }

std::string MemoryPlan::describe() const {
  std::vector<Part> parts = device_parts(*this);
  const std::vector<Part> others = host_parts(*this);
  if (on_device) return "on the device " + list(parts) + "; on the host " + list(others);
  parts.insert(parts.end(), others.begin(), others.end());
  return list(parts);
}

MemoryPlan memory_to_train(const ModelConfig& config, const LoraConfig* lora, WeightFormat format,
                           const TrainingSize& size) {
  std::uint64_t trained = 0, moments = 0;
  std::int64_t n_trained = 0;
  const auto count = [&](const std::vector<std::int64_t>& shape) {
    std::int64_t elements = 1;
    for (const std::int64_t extent : shape) elements *= extent;
    n_trained += elements;
    trained += padded_elements(static_cast<std::size_t>(elements));
    moments += moment_bytes(shape, size.moments_8bit);
  };
  if (lora == nullptr) {
    for (const WeightSpec& spec : weight_specs(config)) count(spec.shape);
  } else {
    for (const LoraTensor& tensor : lora_tensors(config, *lora)) count(tensor.shape);
  }
  const bool offloads = size.on_device && size.recompute;
  const std::uint64_t table = offloads && lora != nullptr ? FrozenWeights::aside_bytes(config, format) : 0;
  const TrainingBuffers::Bytes buffers = TrainingBuffers::bytes_of(
      config, adapter_widths(config, lora), {.max_tokens = size.max_tokens, .recompute = size.recompute}, offloads);
  return {.weights = lora == nullptr ? 0 : FrozenWeights::bytes_of(config, format) - table,
          .trained = 4 * trained,
          .gradients = 4 * trained,
          .moments = moments,
          .activations = buffers.device,
          .table = table,
          .inputs = buffers.host,
          .program = kProgramMemory,
          .on_device = size.on_device,
          .n_trained = n_trained};
}

}  // namespace matinee
