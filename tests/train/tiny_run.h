#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/context.h"
#include "lib/base/random.h"
#include "lib/io/safetensors.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_parameters.h"
#include "lib/train/trainer.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee::testing {

/// One sample of a tokens file: ids, and the index of the first supervised one.
struct TinySample {
  std::vector<std::int32_t> ids;
  std::size_t supervised_from = 1;
};

struct TinyTokens {
  std::int64_t vocab_size = 32, seq_len = 16;
  std::int32_t eos_token_id = 1;
  std::string tokenizer_fingerprint = "00000000000000aa", prompt_template = "plain";
  std::vector<TinySample> samples;

  void write(const std::string& path) const {
    std::vector<std::int32_t> ids;
    std::vector<std::uint8_t> mask;
    std::vector<std::int64_t> offsets{0};
    for (const TinySample& sample : samples) {
      for (std::size_t t = 0; t < sample.ids.size(); ++t) {
        ids.push_back(sample.ids[t]);
        mask.push_back(t >= sample.supervised_from ? 1 : 0);
      }
      offsets.push_back(static_cast<std::int64_t>(ids.size()));
    }
    SafetensorsWriter writer(path, "tokens",
                             {{"matinee.vocab_size", std::to_string(vocab_size)},
                              {"matinee.tokenizer_sha", tokenizer_fingerprint},
                              {"matinee.template", prompt_template},
                              {"matinee.seq_len", std::to_string(seq_len)},
                              {"matinee.bos_token_id", "0"},
                              {"matinee.eos_token_id", std::to_string(eos_token_id)}});
    writer.declare("sample_offsets", DType::kI64, {static_cast<std::int64_t>(offsets.size())});
    writer.declare("input_ids", DType::kI32, {static_cast<std::int64_t>(ids.size())});
    writer.declare("loss_mask", DType::kU8, {static_cast<std::int64_t>(mask.size())});
    writer.write("sample_offsets", std::span<const std::int64_t>(offsets));
    if (!ids.empty()) writer.write("input_ids", std::span<const std::int32_t>(ids));
    if (!mask.empty()) writer.write("loss_mask", std::span<const std::uint8_t>(mask));
    writer.commit();
  }
};

/// `count` samples of 4 to 10 tokens that end with the end token; the prompt of a sample determines its output.
inline TinyTokens tiny_tokens(int count, std::uint64_t seed = 7) {
  TinyTokens tokens;
  for (int i = 0; i < count; ++i) {
    Random random(seed, "tiny", static_cast<std::uint64_t>(i));
    TinySample sample;
    sample.ids.push_back(0);
    // The first 30 begin differently, so that the prompt determines the sample.
    auto next = static_cast<std::int32_t>(2 + (7 * static_cast<std::uint64_t>(i) + seed) % 30);
    const std::uint64_t length = 2 + random.below(7);
    for (std::uint64_t t = 0; t < length; ++t) {
      sample.ids.push_back(next);
      next = 2 + (next + 9) % 30;  // all different within a sample
    }
    sample.ids.push_back(1);
    sample.supervised_from = 2;
    tokens.samples.push_back(std::move(sample));
  }
  return tokens;
}

/// Files with forty samples to train on and twelve others to validate on.
struct TinySets {
  TinySets() {
    tiny_tokens(40).write(folder.file("train"));
    tiny_tokens(12, 8).write(folder.file("valid"));
    train = std::make_unique<TokenDataset>(folder.file("train"));
    valid = std::make_unique<TokenDataset>(folder.file("valid"));
  }
  TemporaryFolder folder;
  std::unique_ptr<TokenDataset> train, valid;
};

inline ModelConfig tiny_config() {
  ModelConfig config;
  config.vocab_size = 32;
  config.hidden_size = 16;
  config.intermediate_size = 24;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 2;
  config.num_key_value_heads = 1;
  config.head_dim = 8;
  config.max_position_embeddings = 16;
  config.tie_word_embeddings = true;
  config.bos_token_id = 0;
  config.eos_token_id = 1;
  return config;
}

/// A tiny decoder with a trainer: with `lora` an adapter on random weights, otherwise all weights are trained.
struct TinyRun {
  TinyRun(const TokenDataset& train, const TokenDataset* valid, const TrainOptions& options,
          const std::string& checkpoint, bool lora, int threads = 1, double dropout = 0.1,
          Communicator* ranks = nullptr, AllReduce* all_reduce = nullptr)
      : pool(threads), context(pool, {DeviceKind::kCpu, 0}), config(tiny_config()) {
    initialize_parameters(config, 3, everything);
    refs = refs_of(config, everything);
    if (lora) {
      lora_config.rank = 3;
      lora_config.lora_dropout = dropout;
      adapter = std::make_unique<LoraAdapter>(config, lora_config, 5);
      lora_weights = adapter->factors();
      for (auto& layer : refs.layers) {
        for (auto& module : layer.modules) module.grad = nullptr;
      }
      refs.embed_tokens.grad = refs.lm_head.grad = nullptr;
    }
    decoder = std::make_unique<DecoderTraining>(context, config, refs, lora ? &lora_weights : nullptr,
                                                Trainer::max_tokens(options, train.info()), MatmulPrecision::kF32);
    trainer = std::make_unique<Trainer>(
        Trainer::Parts{
            .context = context,
            .decoder = *decoder,
            .parameters = parameters(),
            .train = train,
            .valid = valid,
            .config = config,
            .lora = lora ? &lora_weights : nullptr,
            .communicator = ranks,
            .all_reduce = all_reduce,
        },
        options, checkpoint, RunIdentity{{{"--seed", "42"}}});
  }

  ParameterSet& parameters() { return adapter ? adapter->parameters() : everything; }
  /// All trained values in a row.
  std::vector<float> values() {
    std::vector<float> all;
    for (const Parameter& p : parameters().all())
      all.insert(all.end(), in_place(p.value).begin(), in_place(p.value).end());
    return all;
  }
  /// Trains to the end and returns the losses of all steps.
  std::vector<double> losses() {
    std::vector<double> found;
    TrainCallbacks callbacks;
    callbacks.on_step = [&](const StepMetrics& metrics) { found.push_back(metrics.loss); };
    trainer->run(callbacks);
    return found;
  }

  ThreadPool pool;
  Context context;
  ModelConfig config;
  ParameterSet everything;
  ModelWeights refs;
  LoraConfig lora_config;
  std::unique_ptr<LoraAdapter> adapter;
  LoraWeights lora_weights;
  std::unique_ptr<DecoderTraining> decoder;
  std::unique_ptr<Trainer> trainer;
};

}  // namespace matinee::testing
