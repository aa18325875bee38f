// What must hold for the block of every family: training with recomputation gives the same bytes, and decoding with a
// cache the logits of the whole forward pass.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/model/decoder_session.h"
#include "lib/model/decoder_training.h"
#include "lib/model/model_parameters.h"
#include "tests/model/small_families.h"
#include "tests/model/tiny_model.h"

namespace matinee {
namespace {

class FamilyDecoder : public ::testing::TestWithParam<std::pair<std::string, ModelConfig>> {
 protected:
  FamilyDecoder() : pool(1), context(pool) {}

  ModelConfig config = GetParam().second;
  ThreadPool pool;
  Context context;
};

TEST_P(FamilyDecoder, RecomputationGivesTheSameGradients) {
  const testing::Samples samples = testing::tiny_samples(config.vocab_size);
  ParameterSet sets[2];
  double losses[2];
  for (int recompute = 0; recompute < 2; ++recompute) {
    ParameterSet& parameters = sets[recompute];
    initialize_parameters(config, 1, parameters);
    testing::randomise(parameters, 11);
    const ModelWeights weights = refs_of(config, parameters);
    DecoderTraining decoder(context, config, weights, nullptr, 20, MatmulPrecision::kF32, recompute == 1);
    losses[recompute] = decoder.forward_backward(samples.batch(), 1, {}).loss;
  }
  EXPECT_EQ(losses[0], losses[1]);
  for (std::size_t i = 0; i < sets[0].all().size(); ++i) {
    const Parameter &kept = sets[0].all()[i], &again = sets[1].all()[i];
    EXPECT_EQ(kept.grad.values(), again.grad.values()) << kept.name;
    double largest = 0;
    for (const float value : kept.grad.values()) largest = std::max(largest, std::fabs(static_cast<double>(value)));
    EXPECT_GT(largest, 0) << kept.name << " is not trained";
  }
}

TEST_P(FamilyDecoder, CacheGivesTheLogitsOfTheWholeForwardPass) {
  ParameterSet parameters;
  initialize_parameters(config, 1, parameters);
  testing::randomise(parameters, 11);
  const ModelWeights weights = refs_of(config, parameters);
  std::vector<std::int32_t> tokens;
  for (std::int32_t t = 0; t < 12; ++t) tokens.push_back(t * 5 % 13);
  DecoderTraining decoder(context, config, weights, nullptr, 12, MatmulPrecision::kF32);
  const std::vector<float> whole = decoder.logits(testing::Samples(tokens).batch());
  DecoderSession session(context, config, weights, 16, MatmulPrecision::kF32);
  std::size_t done = 0;
  for (const std::size_t piece : {3, 1, 5, 1, 1, 1}) {
    const auto logits = session.append(std::span(tokens).subspan(done, piece));
    done += piece;
    for (std::size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], whole[(done - 1) * logits.size() + i], 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyDecoder, ::testing::ValuesIn(testing::small_families(8)),
                         [](const auto& test) { return test.param.first; });

}  // namespace
}  // namespace matinee
