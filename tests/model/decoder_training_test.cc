#include "lib/model/decoder_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/model/model_parameters.h"
#include "tests/model/reference_decoder.h"
#include "tests/model/tiny_model.h"
#include "tests/support/in_place.h"

namespace matinee {
namespace {

using testing::ReferenceDecoder;
using testing::Samples;

struct Tiny {
  explicit Tiny(bool tied, int threads = 1) : config(testing::tiny_config(tied)), pool(threads), context(pool) {
    initialize_parameters(config, 1, weights);
    testing::randomise(weights, 11);
    refs = refs_of(config, weights);
  }
  /// Freezes the weights and puts an adapter on them.
  void adapt(double dropout, std::vector<std::string> targets) {
    for (auto& layer : refs.layers) {
      for (auto& module : layer.modules) module.grad = nullptr;
      layer.input_norm.grad = layer.mlp_norm.grad = nullptr;
    }
    refs.embed_tokens.grad = refs.lm_head.grad = refs.norm.grad = nullptr;
    lora.rank = 3;
    lora.lora_alpha = 4;
    lora.lora_dropout = dropout;
    lora.target_modules = std::move(targets);
    adapter = std::make_unique<LoraAdapter>(config, lora, 2);
    lora_weights = adapter->factors();
  }
  DecoderTraining decoder(std::int64_t max_tokens, MatmulPrecision precision = MatmulPrecision::kF32,
                          bool recompute = false) {
    return {context, config, refs, adapter ? &lora_weights : nullptr, max_tokens, precision, recompute};
  }

  ModelConfig config;
  ThreadPool pool;
  Context context;
  ParameterSet weights;
  ModelWeights refs;
  LoraConfig lora;
  std::unique_ptr<LoraAdapter> adapter;
  LoraWeights lora_weights;
};

// Every element of every tensor against central differences of the float64 reference. Their own errors are small:
// 1e-16 · loss / step from rounding and step² from truncation, together about 1e-9. The tolerance is float32's rounding
// error, in two terms. What rounding does to a gradient depends on its conditioning: scores of 100 before a softmax
// amplify it, and tensors of one model differ by a factor of 100. The reference measures that: `rms` is the root mean
// square, over the tensor, of the changes that float32's errors make. Ten times that bounds the error of an element:
// the largest of a few hundred is 3 to 4 times their root mean square, the errors of one tensor are correlated (2), and
// the backward pass passes amplified errors on as the forward pass does (1.5). The second term is the backward pass's
// own rounding: 64 in a row (sums of up to 13 terms through two layers) by 2^-24 of the largest gradient.
void expect_gradients(ReferenceDecoder& reference, const PackedBatch& batch, const ParameterSet& parameters,
                      double scale) {
  constexpr double step = 1e-5;
  constexpr std::size_t rounding_seeds = 4;
  const auto difference = [&](double& value, std::uint64_t rounding_seed) {
    reference.set_rounding(rounding_seed);
    const double kept = value;
    value = kept + step;
    const double above = reference.loss(batch);
    value = kept - step;
    const double below = reference.loss(batch);
    value = kept;
    return scale * (above - below) / (2 * step);
  };
  for (const Parameter& parameter : parameters.all()) {
    auto& values = reference.tensor(parameter.name);
    std::vector<double> expected;
    double largest = 0, squares = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      expected.push_back(difference(values[i], 0));
      const double error = difference(values[i], 1 + i % rounding_seeds) - expected.back();
      squares += error * error;
      largest = std::max(largest, std::fabs(expected.back()));
    }
    reference.set_rounding(0);
    EXPECT_GT(largest, 1e-4) << parameter.name << ": no gradient, so nothing would be tested";
    const double rms = std::sqrt(squares / static_cast<double>(values.size()));
    const double tolerance = 10 * rms + 64 * 0x1p-24 * largest;
    EXPECT_LT(tolerance, 1e-3 * largest) << parameter.name << ": so badly conditioned that little would be tested";
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_NEAR(in_place(parameter.grad)[i], expected[i], tolerance) << parameter.name << "[" << i << "]";
    }
  }
}

class DecoderTrainingTied : public ::testing::TestWithParam<bool> {};

TEST_P(DecoderTrainingTied, LossAndEveryGradientEqualFiniteDifferences) {
  Tiny tiny(GetParam());
  const Samples samples = testing::tiny_samples(tiny.config.vocab_size);
  ReferenceDecoder reference(tiny.config, tiny.weights);
  DecoderTraining decoder = tiny.decoder(20);
  const CrossEntropySums sums = decoder.forward_backward(samples.batch(), 0.25f, {});
  EXPECT_EQ(sums.n_counted, 7);
  EXPECT_NEAR(sums.loss, reference.loss(samples.batch()), 1e-5 * sums.loss);
  expect_gradients(reference, samples.batch(), tiny.weights, 0.25);
}

INSTANTIATE_TEST_SUITE_P(Embeddings, DecoderTrainingTied, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Tied" : "Untied"; });

TEST(DecoderTraining, AdapterGradientsEqualFiniteDifferencesUnderDropout) {
  Tiny tiny(true);
  tiny.adapt(0.3, {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"});
  testing::randomise(tiny.adapter->parameters(), 12);
  const Samples samples = testing::tiny_samples(tiny.config.vocab_size);
  const DropoutKey key{.seed = 9, .step = 4};
  ReferenceDecoder reference(tiny.config, tiny.weights);
  reference.add_adapter(tiny.lora, tiny.adapter->parameters());
  DecoderTraining decoder = tiny.decoder(20);
  EXPECT_NEAR(decoder.evaluate(samples.batch()).loss, reference.loss(samples.batch()), 1e-4) << "without dropout";
  reference.set_dropout(key);
  const double loss = reference.loss(samples.batch());
  EXPECT_NEAR(decoder.forward_backward(samples.batch(), 1, key).loss, loss, 1e-5 * loss);
  expect_gradients(reference, samples.batch(), tiny.adapter->parameters(), 1);
  for (const Parameter& frozen : tiny.weights.all()) {
    for (const float grad : in_place(frozen.grad)) ASSERT_EQ(grad, 0) << frozen.name;
  }
}

TEST(DecoderTraining, AdapterOfSomeModulesOnly) {
  Tiny tiny(false);
  tiny.adapt(0, {"v_proj", "down_proj"});
  testing::randomise(tiny.adapter->parameters(), 12);
  const Samples samples = testing::tiny_samples(tiny.config.vocab_size);
  ReferenceDecoder reference(tiny.config, tiny.weights);
  reference.add_adapter(tiny.lora, tiny.adapter->parameters());
  DecoderTraining decoder = tiny.decoder(20);
  const double loss = reference.loss(samples.batch());
  EXPECT_NEAR(decoder.forward_backward(samples.batch(), 1, {}).loss, loss, 1e-5 * loss);
  expect_gradients(reference, samples.batch(), tiny.adapter->parameters(), 1);
}

TEST(DecoderTraining, LogitsEqualTheReference) {
  Tiny tiny(false);
  const Samples samples = testing::tiny_samples(tiny.config.vocab_size);
  const auto expected = ReferenceDecoder(tiny.config, tiny.weights).logits(samples.batch());
  const auto logits = tiny.decoder(20).logits(samples.batch());
  ASSERT_EQ(logits.size(), expected.size() * 13);
  for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i / 13][i % 13], 2e-5) << i;
}

TEST(DecoderTraining, PackedSamplesEqualSeparateOnes) {
  Tiny together(true), apart(true);
  const Samples samples = testing::tiny_samples(together.config.vocab_size);
  const double loss = together.decoder(20).forward_backward(samples.batch(), 1, {}).loss;
  DecoderTraining decoder = apart.decoder(20);
  double sum = 0;
  const PackedBatch all = samples.batch();
  std::size_t begin = 0;
  for (const std::size_t length : {5u, 1u, 7u}) {
    const std::vector<std::int32_t> starts(length, 0);
    const PackedBatch one{all.tokens.subspan(begin, length), all.targets.subspan(begin, length),
                          all.positions.subspan(begin, length), starts};
    sum += decoder.forward_backward(one, 1, {}).loss;
    begin += length;
  }
  EXPECT_NEAR(loss, sum, 1e-6 * sum);
  for (const Parameter& p : together.weights.all()) {
    const std::vector<float> other = apart.weights.find(p.name)->grad.values();
    // The same terms are summed in a different order.
    for (std::size_t i = 0; i < other.size(); ++i)
      ASSERT_NEAR(in_place(p.grad)[i], other[i], 2e-5) << p.name << "[" << i << "]";
  }
}

TEST(DecoderTraining, FreshAdapterChangesNothing) {
  Tiny tiny(true);
  const Samples samples = testing::tiny_samples(tiny.config.vocab_size);
  const auto base = tiny.decoder(20).logits(samples.batch());
  tiny.adapt(0, {"q_proj", "o_proj", "up_proj"});
  EXPECT_EQ(tiny.decoder(20).logits(samples.batch()), base);
}

TEST(DecoderTraining, MicroBatchesGiveTheSameDropoutMasks) {
  // Masks are keyed by the row's index in the step, so cutting it in two changes only the order of sums.
  Tiny whole(true), cut(true);
  for (Tiny* tiny : {&whole, &cut}) {
    tiny->adapt(0.4, {"q_proj", "v_proj", "o_proj", "down_proj"});
    testing::randomise(tiny->adapter->parameters(), 12);
  }
  Samples first, second, both;
  Random random(3, "tokens"), again(3, "tokens");
  first.add(6, 2, 13, random);
  second.add(5, 1, 13, random);
  both.add(6, 2, 13, again);
  both.add(5, 1, 13, again);
  const double loss = whole.decoder(20).forward_backward(both.batch(), 1, {.seed = 8, .step = 2}).loss;
  DecoderTraining decoder = cut.decoder(20);
  double sum = decoder.forward_backward(first.batch(), 1, {.seed = 8, .step = 2}).loss;
  sum += decoder.forward_backward(second.batch(), 1, {.seed = 8, .step = 2, .first_row = 6, .first_supervised_row = 4})
             .loss;
  EXPECT_NEAR(loss, sum, 1e-6 * sum);
  for (const Parameter& p : whole.adapter->parameters().all()) {
    const std::vector<float> other = cut.adapter->parameters().find(p.name)->grad.values();
    for (std::size_t i = 0; i < other.size(); ++i)
      ASSERT_NEAR(in_place(p.grad)[i], other[i], 2e-5) << p.name << "[" << i << "]";
  }
}

TEST(DecoderTraining, RecomputationDropsTheSameElements) {
  Tiny kept(false), again(false);
  std::vector<double> losses;
  const Samples samples = testing::tiny_samples(13);
  for (Tiny* tiny : {&kept, &again}) {
    tiny->adapt(0.3, {"q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"});
    testing::randomise(tiny->adapter->parameters(), 12);
    DecoderTraining decoder = tiny->decoder(20, MatmulPrecision::kF32, tiny == &again);
    losses.push_back(decoder.forward_backward(samples.batch(), 1, {.seed = 9, .step = 4, .neftune_alpha = 5}).loss);
  }
  EXPECT_EQ(losses[0], losses[1]);
  for (const Parameter& p : kept.adapter->parameters().all())
    EXPECT_EQ(again.adapter->parameters().find(p.name)->grad.values(), p.grad.values()) << p.name;
  const AdapterWidths widths = adapter_widths(kept.config, &kept.lora);
  EXPECT_LT(TrainingBuffers::bytes_of(kept.config, widths, {.max_tokens = 20, .recompute = true}).device,
            TrainingBuffers::bytes_of(kept.config, widths, {.max_tokens = 20}).device);
}

TEST(DecoderTraining, NoiseOnEmbeddingsIsDrawnFromSeedStepAndRow) {
  Tiny tiny(true);
  const Samples samples = testing::tiny_samples(tiny.config.vocab_size);
  const auto loss = [&](double alpha, std::int64_t step, std::int64_t first_row = 0) {
    const DropoutKey key{.seed = 3, .step = step, .first_row = first_row, .neftune_alpha = alpha};
    return tiny.decoder(20).forward_backward(samples.batch(), 1, key).loss;
  };
  EXPECT_EQ(loss(0, 1), tiny.decoder(20).evaluate(samples.batch()).loss);
  EXPECT_NE(loss(5, 1), loss(0, 1));
  EXPECT_EQ(loss(5, 1), loss(5, 1));
  EXPECT_NE(loss(5, 1), loss(5, 2));
  EXPECT_NE(loss(5, 1), loss(5, 1, 1));
}

// Noise is uniform in ±alpha / sqrt(length of the sample · hidden_size). To first order it moves the loss by its
// product with the gradient of the embeddings, whose mean square is therefore Σ gradient²·bound²/3.
TEST(DecoderTraining, NoiseOnEmbeddingsHasTheStrengthOfNeftune) {
  Tiny tiny(false);
  Samples samples;
  std::int32_t token = 0;
  const std::size_t lengths[] = {8, 3};
  for (const std::size_t length : lengths) {
    const auto start = static_cast<std::int32_t>(samples.tokens.size());
    for (std::size_t t = 0; t < length; ++t) {
      samples.tokens.push_back(token++);  // each once, so that each row of the table has the gradient of one token
      samples.targets.push_back(static_cast<std::int32_t>((t * 5 + 1) % 13));
      samples.positions.push_back(static_cast<std::int32_t>(t));
      samples.segment_start.push_back(start);
    }
  }
  DecoderTraining decoder = tiny.decoder(20);
  const double clean = decoder.forward_backward(samples.batch(), 1, {}).loss;
  constexpr double alpha = 0.02;
  double expected = 0;
  const std::vector<float> grad = tiny.weights.find("model.embed_tokens.weight")->grad.values();
  for (std::size_t i = 0; i < samples.tokens.size() * 8; ++i) {
    const double length = i / 8 < lengths[0] ? 8 : 3;
    expected += static_cast<double>(grad[i]) * grad[i] * alpha * alpha / (length * 8) / 3;
  }
  double found = 0;
  constexpr int steps = 600;
  for (int step = 1; step <= steps; ++step) {
    const double moved =
        decoder.forward_backward(samples.batch(), 1, {.seed = 3, .step = step, .neftune_alpha = alpha}).loss - clean;
    found += moved * moved / steps;
  }
  EXPECT_NEAR(found / expected, 1, 0.2);
}

TEST(DecoderTraining, DropoutDependsOnSeedStepLayerAndModule) {
  const DropoutKey key{.seed = 1, .step = 1};
  const std::uint64_t base = lora_dropout_key(key, 0, Module::kQ);
  EXPECT_EQ(lora_dropout_key(key, 0, Module::kQ), base);
  EXPECT_NE(lora_dropout_key({.seed = 2, .step = 1}, 0, Module::kQ), base);
  EXPECT_NE(lora_dropout_key({.seed = 1, .step = 2}, 0, Module::kQ), base);
  EXPECT_NE(lora_dropout_key(key, 1, Module::kQ), base);
  EXPECT_NE(lora_dropout_key(key, 0, Module::kK), base);
}

// A model large enough that threads share the work.
struct Larger {
  explicit Larger(int threads, MatmulPrecision precision) : pool(threads), context(pool) {
    config.vocab_size = 300;
    config.hidden_size = 64;
    config.intermediate_size = 160;
    config.num_hidden_layers = 2;
    config.num_attention_heads = 4;
    config.num_key_value_heads = 2;
    config.head_dim = 16;
    config.max_position_embeddings = 128;
    config.tie_word_embeddings = true;
    initialize_parameters(config, 1, weights);
    Random random(2, "tokens");
    for (int i = 0; i < 12; ++i) samples.add(50 + static_cast<std::size_t>(i), 7, config.vocab_size, random);
    const ModelWeights refs = refs_of(config, weights);
    DecoderTraining decoder(context, config, refs, nullptr, 700, precision);
    sums = decoder.forward_backward(samples.batch(), 0.01f, {});
    evaluated = decoder.evaluate(samples.batch());
    logits = decoder.logits(samples.batch());
  }
  ModelConfig config;
  ThreadPool pool;
  Context context;
  ParameterSet weights;
  Samples samples;
  CrossEntropySums sums, evaluated;
  std::vector<float> logits;
};

class DecoderTrainingProduct : public ::testing::TestWithParam<MatmulPrecision> {};

TEST_P(DecoderTrainingProduct, SameBytesAtAnyNumberOfThreads) {
  const Larger one(1, GetParam()), two(2, GetParam()), five(5, GetParam());
  for (const Larger* other : {&two, &five}) {
    EXPECT_EQ(one.sums.loss, other->sums.loss);
    EXPECT_EQ(one.logits, other->logits);
    for (std::size_t p = 0; p < one.weights.all().size(); ++p) {
      EXPECT_EQ(one.weights.all()[p].grad.values(), other->weights.all()[p].grad.values()) << one.weights.all()[p].name;
    }
  }
}

TEST_P(DecoderTrainingProduct, LossInChunksEqualsTheLossOfAllLogits) {
  // 582 supervised rows: more than one chunk of logits.
  const Larger larger(1, GetParam());
  double expected = 0;
  std::int64_t counted = 0;
  const std::size_t vocab = 300;
  for (std::size_t t = 0; t < larger.samples.targets.size(); ++t) {
    if (larger.samples.targets[t] == kIgnoredTarget) continue;
    double sum = 0;
    for (std::size_t v = 0; v < vocab; ++v) sum += std::exp(static_cast<double>(larger.logits[t * vocab + v]));
    expected += std::log(sum) - larger.logits[t * vocab + static_cast<std::size_t>(larger.samples.targets[t])];
    ++counted;
  }
  ASSERT_GT(counted, 512);
  EXPECT_EQ(larger.sums.n_counted, counted);
  EXPECT_EQ(larger.sums.loss, larger.evaluated.loss);
  EXPECT_EQ(larger.sums.n_correct, larger.evaluated.n_correct);
  EXPECT_NEAR(larger.sums.loss, expected, 1e-5 * expected);
}

INSTANTIATE_TEST_SUITE_P(Products, DecoderTrainingProduct,
                         ::testing::Values(MatmulPrecision::kF32, MatmulPrecision::kBF16),
                         [](const auto& test) { return test.param == MatmulPrecision::kF32 ? "F32" : "BF16"; });

TEST(DecoderTraining, WithoutSupervisionNothingIsLearned) {
  Tiny tiny(true);
  Samples samples;
  Random random(1, "tokens");
  samples.add(6, 6, 13, random);
  const CrossEntropySums sums = tiny.decoder(20).forward_backward(samples.batch(), 1, {});
  EXPECT_EQ(sums.n_counted, 0);
  EXPECT_EQ(sums.loss, 0);
  for (const Parameter& p : tiny.weights.all()) {
    for (const float grad : in_place(p.grad)) ASSERT_EQ(grad, 0) << p.name;
  }
}

}  // namespace
}  // namespace matinee
