#include "tests/train/hf_trace.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_merge.h"
#include "lib/model/model_parameters.h"
#include "lib/train/lr_schedule.h"
#include "lib/train/train_state.h"

namespace matinee::testing {
namespace {

template <class T>
std::vector<T> read(const SafetensorsFile& file, const std::string& name) {
  const auto values = file.view<T>(name);
  return {values.begin(), values.end()};
}

// The training options of scripts/compare-hf.
constexpr std::int64_t kSteps = 50;
constexpr AdamWOptions kAdamW{.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .weight_decay = 0.01};
constexpr double kMaxGradNorm = 1;

}  // namespace

HfCase::HfCase(std::string folder) : folder_(std::move(folder)), config_(read_model_config(folder_)) {
  const SafetensorsFile golden(folder_ + "/golden.safetensors");
  ids_ = read<std::int32_t>(golden, "input_ids");
  mask_ = read<std::uint8_t>(golden, "loss_mask");
  offsets_ = read<std::int64_t>(golden, "sample_offsets");
  learning_rate_ = golden.view<float>("learning_rate")[0];
}

HfCase::Packed HfCase::pack(const std::vector<std::int64_t>& samples) const {
  Packed packed;
  for (const std::int64_t sample : samples) {
    const auto start = static_cast<std::int32_t>(packed.tokens.size());
    const auto s = static_cast<std::size_t>(sample);
    for (auto t = static_cast<std::size_t>(offsets_[s]); t < static_cast<std::size_t>(offsets_[s + 1]); ++t) {
      const bool supervised = t + 1 < static_cast<std::size_t>(offsets_[s + 1]) && mask_[t + 1] != 0;
      packed.tokens.push_back(ids_[t]);
      packed.targets.push_back(supervised ? ids_[t + 1] : kIgnoredTarget);
      packed.positions.push_back(static_cast<std::int32_t>(packed.segment_start.size()) - start);
      packed.segment_start.push_back(start);
      packed.n_supervised += supervised ? 1 : 0;
    }
  }
  return packed;
}

HfCase::Packed HfCase::all() const {
  std::vector<std::int64_t> samples;
  for (std::int64_t sample = 0; sample < n_samples(); ++sample) samples.push_back(sample);
  return pack(samples);
}

std::vector<float> HfCase::cached(Context& context, const ModelConfig& config, const ModelWeights& weights) const {
  std::vector<float> logits(ids_.size() * static_cast<std::size_t>(config.vocab_size));
  for (std::size_t s = 0; s + 1 < offsets_.size(); ++s) {
    DecoderSession session(context, config, weights, offsets_[s + 1] - offsets_[s], MatmulPrecision::kF32);
    const auto sample = std::span(ids_).subspan(static_cast<std::size_t>(offsets_[s]),
                                                static_cast<std::size_t>(offsets_[s + 1] - offsets_[s]));
    // A chunk gives only the logits after its last token, so its tokens are repeated one by one.
    std::size_t done = 0;
    for (std::size_t piece = 1; done < sample.size(); ++piece) {
      const std::size_t end = std::min(sample.size(), done + piece);
      for (std::size_t last = done; last < end; ++last) {
        session.truncate(static_cast<std::int64_t>(done));
        const auto row = session.append(sample.subspan(done, last + 1 - done));
        std::copy(row.begin(), row.end(),
                  logits.begin() + (offsets_[s] + static_cast<std::ptrdiff_t>(last)) * config.vocab_size);
      }
      done = end;
    }
  }
  return logits;
}

Trace HfCase::base(bool narrow) const {
  Trace trace;
  ThreadPool pool(1);
  Context context(pool);
  const Packed packed = all();
  const auto rows = static_cast<std::int64_t>(packed.tokens.size());
  std::int64_t longest = 0;
  for (std::size_t s = 0; s + 1 < offsets_.size(); ++s) longest = std::max(longest, offsets_[s + 1] - offsets_[s]);
  const auto logits = [&](const ModelConfig& config, WeightFormat dtype) {
    const FrozenWeights weights(folder_, config, dtype);
    DecoderTraining decoder(context, config, weights.refs(), nullptr, rows,
                            dtype == WeightFormat::kBF16 ? MatmulPrecision::kBF16 : MatmulPrecision::kF32);
    return decoder.logits(packed.batch());
  };
  trace["logits"] = logits(config_, WeightFormat::kF32);
  if (narrow) trace["logits_bf16"] = logits(config_, WeightFormat::kBF16);
  trace["cached"] = cached(context, config_, FrozenWeights(folder_, config_, WeightFormat::kF32).refs());
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("config.") || name == "config.json") continue;
    const std::string variant = name.substr(7, name.size() - 7 - 5);
    ModelConfig config = parse_model_config(read_file(entry.path().string()), name);
    config.longest_text = longest;
    trace["logits." + variant] = logits(config, WeightFormat::kF32);
  }
  return trace;
}

Trace HfCase::full() const {
  ThreadPool pool(1);
  Context context(pool);
  ParameterSet parameters;
  load_parameters(folder_, config_, parameters);
  const ModelWeights weights = refs_of(config_, parameters);
  const Packed packed = all();
  DecoderTraining decoder(context, config_, weights, nullptr, static_cast<std::int64_t>(packed.tokens.size()),
                          MatmulPrecision::kF32);
  decoder.forward_backward(packed.batch(), 1 / static_cast<float>(packed.n_supervised), {});
  Trace trace;
  std::size_t index = 0;
  for (const WeightSpec& spec : weight_specs(config_)) {
    const std::vector<float> grad = parameters.all()[index++].grad.values();
    double squares = 0, waves[3] = {};
    for (std::size_t at = 0; at < grad.size(); ++at) {
      const double value = static_cast<double>(grad[spec.index_of_stored(at)]);
      squares += value * value;
      for (int k = 0; k < 3; ++k) waves[k] += std::cos(0.7 * (k + 1) * static_cast<double>(at)) * value;
    }
    trace["full." + spec.name] = {static_cast<float>(std::sqrt(squares)), static_cast<float>(waves[0]),
                                  static_cast<float>(waves[1]), static_cast<float>(waves[2])};
  }
  return trace;
}

Trace HfCase::adapter(const std::string& name, bool recompute) const {
  Trace trace;
  ThreadPool pool(1);
  Context context(pool);
  LoraAdapter adapter(config_, folder_ + "/" + name, host_allocator(), Gradients::kAllocated);
  {
    const LoraMerge merge(context, config_, adapter);
    const FrozenWeights merged(folder_, config_, WeightFormat::kF32, {.merge = &merge});
    trace["merged"] = cached(context, config_, merged.refs());
  }
  const FrozenWeights frozen(folder_, config_, WeightFormat::kF32);
  ModelWeights weights = frozen.refs();
  adapter.attach_to(weights);
  const LoraWeights refs = adapter.factors();
  const Packed packed = all();
  DecoderTraining decoder(context, config_, weights, &refs, static_cast<std::int64_t>(packed.tokens.size()),
                          MatmulPrecision::kF32, recompute);
  trace["logits"] = decoder.logits(packed.batch());
  const auto loss_of = [&](const Packed& batch) {
    adapter.parameters().zero_grad();
    const auto count = static_cast<float>(batch.n_supervised);
    return static_cast<float>(decoder.forward_backward(batch.batch(), 1 / count, {}).loss / count);
  };
  trace["loss"] = {loss_of(packed)};
  const std::vector<LoraTensor> tensors = lora_tensors(config_, adapter.config());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (!tensors[t].is_trained()) continue;
    const Parameter& parameter = adapter.parameters().all()[t];
    const std::vector<float> grad = parameter.grad.values();
    std::vector<float>& stored = trace["grad." + parameter.name] = grad;
    if (tensors[t].order.heads > 0) stored = tensors[t].order.to_file(grad);
    if (!tensors[t].is_stored_transposed()) continue;
    const auto columns = static_cast<std::size_t>(parameter.shape[0]),
               rows = static_cast<std::size_t>(parameter.shape[1]);
    for (std::size_t i = 0; i < grad.size(); ++i) stored[i] = grad[i % columns * rows + i / columns];
  }

  const LrSchedule schedule{.learning_rate = learning_rate_,
                            .min_learning_rate = learning_rate_ / 10,
                            .warmup_steps = 5,
                            .total_steps = kSteps};
  TrainState state(adapter.parameters());
  for (std::int64_t step = 1; step <= kSteps; ++step) {
    trace["losses"].push_back(loss_of(pack({step % n_samples(), (step + 1) % n_samples()})));
    const double norm = state.gradient_norm(context);
    state.update(context, kAdamW, schedule.at(step), step,
                 norm > kMaxGradNorm ? static_cast<float>(kMaxGradNorm / norm) : 1.0f);
  }
  return trace;
}

void HfCase::save_adapter(const std::string& name, const std::string& to) const {
  LoraAdapter(config_, folder_ + "/" + name).save(to, {});
}

std::vector<std::string> HfCase::adapters() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (std::filesystem::exists(entry.path() / "adapter_config.json")) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace matinee::testing
