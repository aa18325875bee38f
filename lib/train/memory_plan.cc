#include "lib/train/memory_plan.h"

#include <vector>

#include "lib/base/memory_budget.h"
#include "lib/base/options.h"
#include "lib/model/decoder_training.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/weights.h"
#include "lib/train/train_state.h"

namespace matinee {

std::uint64_t MemoryPlan::total() const {
  return weights + trained + gradients + moments + best_parameters + activations + tokens + program;
}

std::string MemoryPlan::describe() const {
  std::string text = format_size(total()) + ":";
  const auto add = [&](const char* name, std::uint64_t bytes) {
    if (bytes == 0) return;
    text += std::string(text.back() == ':' ? " " : ", ") + name + " " + format_size(bytes);
  };
  add("weights", weights);
  add("trained parameters", trained);
  add("gradients", gradients);
  add("moments", moments);
  add("best parameters", best_parameters);
  add("activations", activations);
  add("tokens", tokens);
  add("program", program);
  return text;
}

MemoryPlan memory_to_train(const ModelConfig& config, const LoraConfig* lora, DType format, const TrainingSize& size) {
  std::uint64_t trained = 0, moments = 0;
  std::int64_t n_trained = 0;
  const auto count = [&](const std::vector<std::int64_t>& shape) {
    std::int64_t elements = 1;
    for (const std::int64_t extent : shape) elements *= extent;
    n_trained += elements;
    trained += padded_elements(static_cast<std::size_t>(elements));
    moments += moment_bytes(shape, size.narrow_moments);
  };
  if (lora == nullptr) {
    for (const WeightSpec& spec : weight_specs(config)) count(spec.shape);
  } else {
    for (const LoraTensor& tensor : lora_tensors(config, *lora)) count(tensor.shape);
  }
  return {.weights = lora == nullptr ? 0 : FrozenWeights::bytes_of(config, format),
          .trained = 4 * trained,
          .gradients = 4 * trained,
          .moments = moments,
          .activations = DecoderTraining::activation_bytes(config, lora, size.max_tokens, size.recompute),
          .program = kProgramMemory,
          .n_trained = n_trained};
}

}  // namespace matinee
