#include "lib/model/decoder_session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/ops.h"
#include "lib/base/parallel.h"
#include "lib/model/decoder_training.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_merge.h"
#include "lib/model/model_parameters.h"
#include "tests/model/reference_decoder.h"
#include "tests/model/tiny_model.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;

std::vector<std::int32_t> some_tokens(std::size_t n, std::uint64_t seed = 4) {
  Random random(seed, "tokens");
  std::vector<std::int32_t> tokens;
  for (std::size_t i = 0; i < n; ++i) tokens.push_back(static_cast<std::int32_t>(random.below(13)));
  return tokens;
}

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

struct Tiny {
  Tiny() : config(testing::tiny_config(true)), pool(2), context(pool) {
    initialize_parameters(config, 1, weights);
    testing::randomise(weights, 11);
    refs = refs_of(config, weights);
  }
  DecoderSession session(std::int64_t max_tokens = 16) {
    return {context, config, refs, max_tokens, MatmulPrecision::kF32};
  }
  /// Logits after the last of `tokens`, in float64 and without a cache.
  std::vector<double> expected(const std::vector<std::int32_t>& tokens) const {
    return testing::ReferenceDecoder(config, weights).logits(testing::Samples(tokens).batch()).back();
  }
  ModelConfig config;
  ThreadPool pool;
  Context context;
  ParameterSet weights;
  ModelWeights refs;
};

void expect_near(std::span<const float> found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  // Logits are about 5 and have some hundred float32 roundings.
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 2e-5) << i;
}

TEST(DecoderSession, OneByOneEqualsWholeForward) {
  Tiny tiny;
  DecoderSession session = tiny.session();
  const auto tokens = some_tokens(10);
  for (std::size_t n = 1; n <= tokens.size(); ++n) {
    const auto logits = session.append(std::span(tokens).subspan(n - 1, 1));
    expect_near(logits, tiny.expected({tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n)}));
  }
  EXPECT_EQ(session.length(), 10);
  EXPECT_EQ(session.tokens(), tokens);
}

TEST(DecoderSession, AnyPiecesEqualWholeForward) {
  Tiny tiny;
  const auto tokens = some_tokens(12);
  for (const std::size_t first : {1u, 4u, 5u, 11u}) {
    DecoderSession session = tiny.session();
    session.append(std::span(tokens).first(first));
    expect_near(session.append(std::span(tokens).subspan(first)), tiny.expected(tokens));
  }
}

TEST(DecoderSession, TruncatedTokensAreForgotten) {
  Tiny tiny;
  DecoderSession session = tiny.session();
  auto tokens = some_tokens(9);
  session.append(tokens);
  session.truncate(4);
  EXPECT_EQ(session.length(), 4);
  tokens.resize(4);
  const auto others = some_tokens(6, 77);
  tokens.insert(tokens.end(), others.begin(), others.end());
  expect_near(session.append(others), tiny.expected(tokens));
}

TEST(DecoderSession, RestartKeepsTheCommonPrefix) {
  Tiny tiny;
  DecoderSession session = tiny.session();
  auto tokens = some_tokens(9);
  expect_near(session.restart(tokens), tiny.expected(tokens));
  tokens[6] = (tokens[6] + 1) % 13;
  expect_near(session.restart(tokens), tiny.expected(tokens));
  EXPECT_EQ(session.tokens(), tokens);
  // The same tokens again, a prefix of them, and tokens that differ from the first one on.
  expect_near(session.restart(tokens), tiny.expected(tokens));
  tokens.resize(3);
  expect_near(session.restart(tokens), tiny.expected(tokens));
  tokens = {12, 1};
  expect_near(session.restart(tokens), tiny.expected(tokens));
}

TEST(DecoderSession, TextThatIsTooLongIsRefusedAndChangesNothing) {
  Tiny tiny;
  DecoderSession session = tiny.session(8);
  const auto tokens = some_tokens(9);
  session.append(std::span(tokens).first(5));
  EXPECT_EQ(error_of([&] { session.append(std::span(tokens).first(4)); }),
            "the text has 9 tokens, but there is room for 8");
  EXPECT_EQ(session.length(), 5);
  session.append(std::span(tokens).first(3));
  EXPECT_EQ(session.length(), 8);
}

TEST(DecoderSession, PromptsLongerThanAChunk) {
  // 600 tokens are processed in three chunks. One token at a time gives the same logits.
  ModelConfig config = testing::tiny_config(false);
  config.max_position_embeddings = 640;
  ParameterSet weights;
  initialize_parameters(config, 1, weights);
  testing::randomise(weights, 11);
  const ModelWeights refs = refs_of(config, weights);
  ThreadPool pool(1);
  Context context(pool);
  const auto tokens = some_tokens(600);
  DecoderSession whole(context, config, refs, 640, MatmulPrecision::kF32),
      single(context, config, refs, 640, MatmulPrecision::kF32);
  const auto logits = copy(whole.append(tokens));
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) single.append(std::span(tokens).subspan(i, 1));
  const auto last = single.append(std::span(tokens).last(1));
  for (std::size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], last[i], 2e-5) << i;
}

class DecoderSessionDtype : public ::testing::TestWithParam<WeightFormat> {};

TEST_P(DecoderSessionDtype, MergedAdapterEqualsUnmergedAdapter) {
  const WeightFormat dtype = GetParam();
  const TemporaryFolder folder;
  Tiny tiny;
  save_model(folder.path(), tiny.config, tiny.weights, DType::kBF16);
  const FrozenWeights beside(folder.path(), tiny.config, dtype);
  LoraConfig lora;
  lora.rank = 2;
  lora.target_modules = {"q_proj", "v_proj", "o_proj", "gate_proj", "down_proj"};
  LoraAdapter adapter(tiny.config, lora, 3);
  testing::randomise(adapter.parameters(), 5);
  for (Parameter& p : adapter.parameters().all()) {
    for (float& value : in_place(p.value)) value *= 0.3f;
  }
  const LoraWeights lora_weights = adapter.factors();
  const auto tokens = some_tokens(11);
  const testing::Samples samples(tokens);
  DecoderTraining training(tiny.context, tiny.config, beside.refs(), &lora_weights, 16, MatmulPrecision::kF32);
  const auto expected = training.logits(samples.batch());

  const LoraMerge merge(tiny.context, tiny.config, adapter);
  const FrozenWeights merged(folder.path(), tiny.config, dtype, {.merge = &merge});
  DecoderSession session(tiny.context, tiny.config, merged.refs(), 16, MatmulPrecision::kF32);
  DecoderSession base(tiny.context, tiny.config, beside.refs(), 16, MatmulPrecision::kF32);
  const auto found = copy(session.append(tokens)), without = copy(base.append(tokens));
  double worst = 0, changed = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double wanted = expected[expected.size() - found.size() + i];
    worst = std::max(worst, std::fabs(found[i] - wanted));
    changed = std::max(changed, std::fabs(without[i] - wanted));
  }
  EXPECT_GT(changed, 1) << "the adapter does nothing, so nothing would be tested";
  // bfloat16: each merged weight is rounded once, by up to 2^-9 of itself; logits are about 5.
  EXPECT_LT(worst, dtype == WeightFormat::kF32 ? 1e-4 : 0.2);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, DecoderSessionDtype, ::testing::Values(WeightFormat::kF32, WeightFormat::kBF16),
                         [](const auto& test) { return std::string(name_of(test.param)); });

// A context with the CPU's operations that claims to be a GPU: no operation runs before the refusal.
TEST(DecoderSession, UnsupportedHeadSizesAreRefusedOnAGpu) {
  Tiny tiny;
  tiny.config.head_dim = kWidestCudaHead + 8;
  Context gpu(tiny.pool, {DeviceKind::kCuda, 0}, isa_level(), ops_of(DeviceKind::kCpu), host_allocator());
  const std::string error = error_of([&] { DecoderSession(gpu, tiny.config, tiny.refs, 16, MatmulPrecision::kF32); });
  EXPECT_NE(error.find("head_dim is 264"), std::string::npos) << error;
  EXPECT_THROW(DecoderTraining(gpu, tiny.config, tiny.refs, nullptr, 16, MatmulPrecision::kF32), Error);
  EXPECT_NO_THROW(DecoderSession(tiny.context, tiny.config, tiny.refs, 16, MatmulPrecision::kF32));
}

}  // namespace
}  // namespace matinee
