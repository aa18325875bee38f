// Small models of several families with random weights and adapters, for tests of decoding.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>

#include "lib/base/random.h"
#include "lib/model/decoder_batch.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_parameters.h"
#include "tests/model/small_families.h"
#include "tests/model/tiny_model.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

/// A small model of some family, maybe quantized, maybe with an adapter beside it.
struct Variant {
  std::string family;
  WeightFormat format = WeightFormat::kF32;
  bool lora = false, dora = false;

  friend std::ostream& operator<<(std::ostream& out, const Variant& v) {
    return out << v.family << " " << name_of(v.format) << (v.dora ? " DoRA" : v.lora ? " LoRA" : "");
  }
};

inline constexpr std::int64_t kMostTokens = 300;

inline ModelConfig config_of(const std::string& family) {
  for (auto& [name, config] : small_families(16)) {
    if (name != family) continue;
    config.max_position_embeddings = kMostTokens;
    return config;
  }
  ADD_FAILURE() << family;
  return {};
}

/// A base in the memory of a context, with an adapter if the variant has one.
class VariantModel {
 public:
  VariantModel(const Variant& variant, const TemporaryFolder& folder, Context& context)
      : context_(context),
        config_(config_of(variant.family)),
        weights_(folder.path(), config_, variant.format, {.context = &context}),
        refs_(weights_.refs()) {
    if (!variant.lora) return;
    LoraConfig lora;
    lora.rank = 3;
    lora.use_dora = variant.dora;
    adapter_ = std::make_unique<LoraAdapter>(config_, lora, 3, context.allocator());
    adapter_->begin_from(context, refs_);
    adapter_->attach_to(refs_);
    lora_ = adapter_->factors();
    std::uint64_t index = 0;
    for (Parameter& p : adapter_->parameters().all()) {
      Random random(5, "values", index++);
      if (p.shape.size() == 2) fill_values(p.value, [&] { return static_cast<float>(0.2 * random.normal()); });
    }
  }
  static void write(const Variant& variant, const TemporaryFolder& folder) {
    ParameterSet parameters;
    initialize_parameters(config_of(variant.family), 1, parameters);
    randomise(parameters, 11);
    save_model(folder.path(), config_of(variant.family), parameters, DType::kF32);
  }

  DecoderSession session() {
    return {context_, config_, refs_, kMostTokens, MatmulPrecision::kF32, adapter_ ? &lora_ : nullptr};
  }
  DecoderBatch batch(int slots) {
    return {context_, config_, refs_, slots, kMostTokens, MatmulPrecision::kF32, adapter_ ? &lora_ : nullptr};
  }
  Context& context() { return context_; }

 private:
  Context& context_;
  ModelConfig config_;
  FrozenWeights weights_;
  ModelWeights refs_;
  std::unique_ptr<LoraAdapter> adapter_;
  LoraWeights lora_;
};

/// Families and formats that decode differently.
inline auto decoded_variants() {
  return ::testing::Values(Variant{"llama"}, Variant{"mistral"}, Variant{"qwen3"}, Variant{"gpt2"}, Variant{"gptj"},
                           Variant{"llama", WeightFormat::kBF16, true}, Variant{"mistral", WeightFormat::kInt8, true},
                           Variant{"qwen2", WeightFormat::kNf4, true, true},
                           Variant{"gpt2", WeightFormat::kInt8, true, true});
}

}  // namespace matinee::testing
