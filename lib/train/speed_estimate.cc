#include "lib/train/speed_estimate.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/base/error.h"
#include "lib/model/base_format.h"
#include "lib/model/decoder_training.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/quantized_tensor.h"
#include "lib/model/weights.h"

namespace matinee {
namespace {

// An adapter as near to the wanted one as the first layers allow: paths of single layers may lie beyond them.
std::unique_ptr<LoraAdapter> adapter_for(const ModelConfig& config, const LoraConfig& lora,
                                         const std::shared_ptr<DeviceMemory>& memory) {
  try {
    return std::make_unique<LoraAdapter>(config, lora, 1, memory);
  } catch (const Error&) {
    LoraConfig all = lora;
    all.target_modules.clear();
    all.target_pattern = "all-linear";
    return std::make_unique<LoraAdapter>(config, all, 1, memory);
  }
}

// Memory that every tensor of a model may be, as its format holds it. The numbers are small enough that activations
// stay in range through every layer.
class SharedMemory {
 public:
  SharedMemory(Context& context, const std::vector<WeightSpec>& specs, DType format, bool trained) : format_(format) {
    std::int64_t largest = 0, outputs = 1, plain = 0;
    for (const WeightSpec& spec : specs) {
      const bool as_codes = is_quantized(spec, format);
      if (as_codes) outputs = std::max(outputs, spec.shape[0]);
      (as_codes ? largest : plain) = std::max(as_codes ? largest : plain, spec.elements());
      if (spec.shape.size() == 1) vectors_ = std::max(vectors_, spec.elements());
    }
    const bool narrow = unquantized_format(format) == DType::kBF16;
    wide_ = {context.memory(), static_cast<std::size_t>(narrow ? vectors_ : plain)};
    fill_values(wide_, [] { return kSmall; });
    if (narrow) {
      narrow_ = {context.memory(), static_cast<std::size_t>(plain)};
      fill_values(narrow_, [] { return to_bf16(kSmall).bits; });
    }
    if (trained) grad_ = {context.memory(), wide_.size()};
    if (largest == 0) return;
    codes_ = std::make_unique<QuantizedTensor>(context, format, outputs, (largest + outputs - 1) / outputs);
    const std::vector<float> row(static_cast<std::size_t>((largest + outputs - 1) / outputs), kSmall);
    for (std::int64_t o = 0; o < outputs; ++o) codes_->append(row);
    view_of_codes_ = codes_->finish();
  }

  WeightMemory of(const WeightSpec& spec) {
    if (is_quantized(spec, format_)) return {view_of_codes_, nullptr};
    if (spec.shape.size() > 1 && !narrow_.empty()) return {{narrow_.data(), DType::kBF16}, nullptr};
    return {{wide_.data(), DType::kF32}, grad_.empty() ? nullptr : grad_.data()};
  }

 private:
  static constexpr float kSmall = 0.01f;
  DType format_;
  std::int64_t vectors_ = 0;
  DeviceBuffer<float> wide_, grad_;
  DeviceBuffer<std::uint16_t> narrow_;
  std::unique_ptr<QuantizedTensor> codes_;
  WeightView view_of_codes_;
};

double measure(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
               DType format, Product product, bool recompute) {
  const auto specs = weight_specs(config);
  SharedMemory shared(context, specs, format, lora == nullptr);
  std::vector<WeightMemory> memory;
  for (const WeightSpec& spec : specs) memory.push_back(shared.of(spec));
  WeightSlots slots = slots_over(config, memory);
  std::unique_ptr<LoraAdapter> adapter;
  LoraSlots factors;
  if (lora != nullptr) {
    adapter = adapter_for(config, *lora, context.memory());
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
    context.memory()->synchronize();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = pass == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

}  // namespace

double estimate_seconds(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
                        DType format, Product product, bool recompute) {
  ModelConfig some = config;
  const auto of_layers = [&](std::int64_t layers) {
    some.num_hidden_layers = layers;
    return measure(context, some, lora, batch, lora == nullptr ? DType::kF32 : format, product, recompute);
  };
  if (config.num_hidden_layers <= 2) return of_layers(config.num_hidden_layers);
  const double one = of_layers(1), two = of_layers(2);
  return two + std::max(0.0, two - one) * static_cast<double>(config.num_hidden_layers - 2);
}

}  // namespace matinee
