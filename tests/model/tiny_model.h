#pragma once

#include <cstdint>
#include <vector>

#include "lib/base/random.h"
#include "lib/model/decoder_training.h"
#include "tests/support/in_place.h"

namespace matinee::testing {

/// Two layers, grouped queries, head_dim other than hidden_size / heads; small enough for finite differences.
inline ModelConfig tiny_config(bool tied) {
  ModelConfig config;
  config.vocab_size = 13;
  config.hidden_size = 8;
  config.intermediate_size = 12;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 4;
  config.max_position_embeddings = 16;
  config.norm_eps = 1e-5;
  config.tie_word_embeddings = tied;
  return config;
}

/// Values far from zero, so that every path has a gradient: with the usual 0.02, attention would be nearly uniform.
inline void randomise(ParameterSet& parameters, std::uint64_t seed) {
  std::uint64_t index = 0;
  for (Parameter& parameter : parameters.all()) {
    Random random(seed, "values", index++);
    for (float& value : in_place(parameter.value)) {
      value = static_cast<float>(parameter.shape.size() == 1 ? 0.7 + 0.6 * random.uniform() : 0.6 * random.normal());
    }
  }
}

/// The storage behind a PackedBatch.
struct Samples {
  std::vector<std::int32_t> tokens, targets, positions, segment_start;

  Samples() = default;
  /// One sample without supervision.
  explicit Samples(const std::vector<std::int32_t>& sample) : tokens(sample) {
    for (std::size_t t = 0; t < sample.size(); ++t) {
      targets.push_back(kIgnoredTarget);
      positions.push_back(static_cast<std::int32_t>(t));
      segment_start.push_back(0);
    }
  }
  /// Adds a sample of random tokens, of which the first `ignored` are not supervised.
  void add(std::size_t length, std::size_t ignored, std::int64_t vocab, Random& random) {
    const auto start = static_cast<std::int32_t>(tokens.size());
    for (std::size_t t = 0; t < length; ++t) {
      tokens.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab))));
      positions.push_back(static_cast<std::int32_t>(t));
      segment_start.push_back(start);
      targets.push_back(t < ignored ? kIgnoredTarget
                                    : static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocab))));
    }
  }
  PackedBatch batch() const { return {tokens, targets, positions, segment_start}; }
};

/// Samples of 1, 5 and 7 tokens, one of them without supervision.
inline Samples tiny_samples(std::int64_t vocab, std::uint64_t seed = 5) {
  Samples samples;
  Random random(seed, "tokens");
  samples.add(5, 2, vocab, random);
  samples.add(1, 1, vocab, random);
  samples.add(7, 3, vocab, random);
  return samples;
}

}  // namespace matinee::testing
