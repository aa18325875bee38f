#include "lib/train/speed_estimate.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/base/error.h"
#include "lib/model/base_format.h"
#include "lib/model/decoder_training.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_weights.h"
#include "lib/model/quantized_tensor.h"

namespace matinee {
namespace {

// More layers mean less noise in the extrapolation.
constexpr std::int64_t kMeasuredLayers = 3;
constexpr double kMeasuringSeconds = 2;

// The given adapter on the first layers only. Where it names single layers that are missing there, all linear layers.
std::unique_ptr<LoraAdapter> adapter_for(const ModelConfig& config, const LoraConfig& lora,
                                         const std::shared_ptr<DeviceAllocator>& allocator) {
  try {
    return std::make_unique<LoraAdapter>(config, lora, 1, allocator);
  } catch (const Error&) {
    LoraConfig all = lora;
    all.target_modules.clear();
    all.target_pattern = "all-linear";
    all.exclude_modules.clear();
    all.exclude_pattern.clear();
    all.layers_to_transform.clear();
    return std::make_unique<LoraAdapter>(config, all, 1, allocator);
  }
}

// Memory that all tensors of a model share, in their formats. The values are small enough that activations stay in
// range through all layers.
class SharedMemory {
 public:
  SharedMemory(Context& context, const std::vector<WeightSpec>& specs, WeightFormat format, bool trained)
      : format_(format) {
    std::int64_t largest = 0, outputs = 1, plain = 0;
    for (const WeightSpec& spec : specs) {
      const bool as_codes = is_quantized(spec, format);
      if (as_codes) outputs = std::max(outputs, spec.shape[0]);
      (as_codes ? largest : plain) = std::max(as_codes ? largest : plain, spec.elements());
      if (spec.shape.size() == 1) vectors_ = std::max(vectors_, spec.elements());
    }
    const bool narrow = unquantized_format(format) == WeightFormat::kBF16;
    wide_ = {context.allocator(), static_cast<std::size_t>(narrow ? vectors_ : plain)};
    fill_values(wide_, [] { return kSmall; });
    if (narrow) {
      narrow_ = {context.allocator(), static_cast<std::size_t>(plain)};
      fill_values(narrow_, [] { return to_bf16(kSmall).bits; });
    }
    if (trained) grad_ = {context.allocator(), wide_.size()};
    if (largest == 0) return;
    codes_ = std::make_unique<QuantizedTensor>(context, format, outputs, (largest + outputs - 1) / outputs);
    const std::vector<float> row(static_cast<std::size_t>((largest + outputs - 1) / outputs), kSmall);
    for (std::int64_t o = 0; o < outputs; ++o) codes_->append(row);
    view_of_codes_ = codes_->finish();
  }

  WeightRef of(const WeightSpec& spec) {
    if (is_quantized(spec, format_)) return {view_of_codes_, nullptr};
    if (spec.shape.size() > 1 && !narrow_.empty()) return {{narrow_.data(), WeightFormat::kBF16}, nullptr};
    return {{wide_.data(), WeightFormat::kF32}, grad_.empty() ? nullptr : grad_.data()};
  }

 private:
  static constexpr float kSmall = 0.01f;
  WeightFormat format_;
  std::int64_t vectors_ = 0;
  DeviceBuffer<float> wide_, grad_;
  DeviceBuffer<std::uint16_t> narrow_;
  std::unique_ptr<QuantizedTensor> codes_;
  WeightView view_of_codes_;
};

// A model of the first layers, to time single passes.
class Trial {
 public:
  Trial(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
        WeightFormat format, MatmulPrecision precision, bool recompute)
      : context_(context), batch_(batch), shared_(context, weight_specs(config), format, lora == nullptr) {
    std::vector<WeightRef> memory;
    for (const WeightSpec& spec : weight_specs(config)) memory.push_back(shared_.of(spec));
    refs_ = refs_over(config, memory);
    if (lora != nullptr) {
      adapter_ = adapter_for(config, *lora, context.allocator());
      adapter_->begin_from(context, refs_);
      adapter_->attach_to(refs_);
      factors_ = adapter_->factors();
    }
    decoder_ = std::make_unique<DecoderTraining>(context, config, refs_, lora != nullptr ? &factors_ : nullptr,
                                                 batch.n_tokens(), precision, recompute);
  }

  double seconds() {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    decoder_->forward_backward(batch_.view(), 1e-3f, {.step = 1});
    context_.allocator()->synchronize();
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  Context& context_;
  const TokenBatch& batch_;
  SharedMemory shared_;
  ModelWeights refs_;
  std::unique_ptr<LoraAdapter> adapter_;
  LoraWeights factors_;
  std::unique_ptr<DecoderTraining> decoder_;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::int64_t measured_layers(const ModelConfig& config) { return std::min(kMeasuredLayers, config.num_hidden_layers); }

double estimate_seconds(Context& context, const ModelConfig& config, const LoraConfig* lora, const TokenBatch& batch,
                        WeightFormat format, MatmulPrecision precision, bool recompute) {
  ModelConfig few = config, one = config;
  few.num_hidden_layers = measured_layers(config);
  one.num_hidden_layers = 1;
  if (lora == nullptr) format = WeightFormat::kF32;
  Trial of_few(context, few, lora, batch, format, precision, recompute);
  Trial of_one(context, one, lora, batch, format, precision, recompute);
  // The two alternate, so that a machine that slows down affects both; medians, since those are typical updates. The
  // first round warms up: it grows scratch memory and starts the threads.
  std::vector<double> seconds, of_layers;
  double spent = 0;
  for (int round = 0; round < 3 || (spent < kMeasuringSeconds && round < 100); ++round) {
    const double single = of_one.seconds(), all = of_few.seconds();
    spent += single + all;
    if (round == 0) continue;
    seconds.push_back(all);
    of_layers.push_back(all - single);
  }
  if (few.num_hidden_layers == config.num_hidden_layers) return median(seconds);
  const double layer = std::max(0.0, median(of_layers)) / static_cast<double>(few.num_hidden_layers - 1);
  return median(seconds) + layer * static_cast<double>(config.num_hidden_layers - few.num_hidden_layers);
}

}  // namespace matinee
