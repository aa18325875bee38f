#include "lib/train/speed_estimate.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/model/decoder_training.h"
#include "lib/model/lora_adapter.h"

namespace matinee {
namespace {

// An adapter as near to the wanted one as the first layers allow: paths of single layers may lie beyond them.
std::unique_ptr<LoraAdapter> adapter_for(const ModelConfig& config, const LoraConfig& lora) {
  try {
    return std::make_unique<LoraAdapter>(config, lora, 1);
  } catch (const Error&) {
    LoraConfig all = lora;
    all.target_modules.clear();
    all.target_pattern = "all-linear";
    return std::make_unique<LoraAdapter>(config, all, 1);
  }
}

double measure(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
               Product product, bool recompute) {
  const auto specs = weight_specs(config);
  std::int64_t largest = 0;
  for (const WeightSpec& spec : specs) largest = std::max(largest, spec.elements());
  // Small enough that activations stay in range through every layer.
  std::vector<float> wide(static_cast<std::size_t>(largest), 0.01f);
  std::vector<std::uint16_t> narrow(product == Product::kBF16 && lora != nullptr ? wide.size() : 0,
                                    to_bf16(0.01f).bits);
  std::vector<float> grad(lora == nullptr ? wide.size() : 0);
  std::vector<WeightMemory> memory;
  for (const WeightSpec& spec : specs) {
    const bool is_narrow = spec.shape.size() > 1 && !narrow.empty();
    memory.push_back({is_narrow ? WeightView{narrow.data(), DType::kBF16} : WeightView{wide.data(), DType::kF32},
                      grad.empty() ? nullptr : grad.data()});
  }
  WeightSlots slots = slots_over(config, memory);
  std::unique_ptr<LoraAdapter> adapter;
  LoraSlots factors;
  if (lora != nullptr) {
    adapter = adapter_for(config, *lora);
    adapter->begin_from(context, slots);
    adapter->attach_to(slots);
    factors = adapter->slots();
  }
  DecoderTraining decoder(context, config, slots, lora != nullptr ? &factors : nullptr, batch.n_tokens(), product,
                          recompute);
  using Clock = std::chrono::steady_clock;
  double best = 0;
  // The first pass grows scratch memory and wakes the threads.
  for (int pass = 0; pass < 3; ++pass) {
    const auto start = Clock::now();
    decoder.forward_backward({batch.input_ids, batch.targets, batch.positions, batch.segment_start}, 1e-3f,
                             {.step = 1});
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = pass == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace

double estimate_seconds(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
                        Product product, bool recompute) {
  ModelConfig some = config;
  const auto of_layers = [&](std::int64_t layers) {
    some.num_hidden_layers = layers;
    return measure(context, some, lora, batch, product, recompute);
  };
  if (config.num_hidden_layers <= 2) return of_layers(config.num_hidden_layers);
  const double one = of_layers(1), two = of_layers(2);
  return two + std::max(0.0, two - one) * static_cast<double>(config.num_hidden_layers - 2);
}

}  // namespace matinee
