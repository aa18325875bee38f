// Sequences that are decoded together get the logits that each would get alone, whatever joins, leaves and shares a
// step, for the blocks of every family, beside adapters, and on memory that the host must not touch.

#include "lib/model/decoder_batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/model/decoder_slots.h"
#include "tests/model/reference_decoder.h"
#include "tests/model/variant_model.h"
#include "tests/support/guarded_device.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using testing::Variant;
using testing::VariantModel;

using Tokens = std::vector<std::int32_t>;

Tokens some_tokens(Random& random, std::uint64_t most) {
  Tokens tokens;
  const std::uint64_t n = 1 + random.below(most);
  for (std::uint64_t i = 0; i < n; ++i) tokens.push_back(static_cast<std::int32_t>(random.below(13)));
  return tokens;
}

struct Found {
  Tokens sequence;
  std::vector<float> logits;
};

// Random steps: some slots get one token, some several, some sequences are cut or begin like another one. Returns the
// sequence and the logits after each part that wanted them.
std::vector<Found> interleave(DecoderBatch& batch, int n_steps, std::uint64_t most, std::uint64_t seed) {
  Random random(seed, "interleave");
  std::vector<Found> all;
  for (int step = 0; step < n_steps; ++step) {
    std::vector<Tokens> tokens;
    std::vector<SlotTokens> parts;
    for (int slot = 0; slot < batch.slots(); ++slot) {
      if (random.below(8) == 0) batch.truncate(slot, static_cast<std::int64_t>(random.below(5)));
      const auto other = static_cast<int>(random.below(static_cast<std::uint64_t>(batch.slots())));
      if (random.below(10) == 0 && other != slot) batch.copy_prefix(other, slot, std::ssize(batch.tokens(other)) / 2);
      if (random.below(3) == 0) continue;
      tokens.push_back(some_tokens(random, random.below(2) == 0 ? 1 : most));
      if (std::ssize(batch.tokens(slot)) == batch.max_tokens()) batch.truncate(slot, 0);
      parts.push_back({.slot = slot, .wants_logits = random.below(4) != 0});
    }
    std::shuffle(parts.begin(), parts.end(), std::minstd_rand(static_cast<unsigned>(step)));
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto room = static_cast<std::size_t>(batch.max_tokens()) - batch.tokens(parts[i].slot).size();
      parts[i].tokens = std::span(tokens[i]).first(std::min(room, tokens[i].size()));
    }
    batch.step(parts);
    std::size_t n = 0;
    for (const SlotTokens& part : parts) {
      if (!part.wants_logits) continue;
      const auto logits = batch.logits(n++);
      all.push_back({batch.tokens(part.slot), {logits.begin(), logits.end()}});
    }
  }
  return all;
}

void expect_near(std::span<const float> found, std::span<const float> wanted, double tolerance) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], wanted[i], tolerance) << i;
}

class BatchedFamily : public ::testing::TestWithParam<std::pair<std::string, ModelConfig>> {};

TEST_P(BatchedFamily, LogitsAreThoseOfASessionAlone) {
  const ModelConfig& config = GetParam().second;
  ParameterSet parameters;
  initialize_parameters(config, 1, parameters);
  testing::randomise(parameters, 11);
  const ModelWeights weights = refs_of(config, parameters);
  ThreadPool pool(2);
  Context context(pool);
  DecoderBatch batch(context, config, weights, 6, 16, MatmulPrecision::kF32);
  DecoderSession alone(context, config, weights, 16, MatmulPrecision::kF32);
  const std::vector<Found> all = interleave(batch, 40, 5, 3);
  EXPECT_GT(all.size(), 60u);
  for (const Found& found : all) expect_near(found.logits, alone.restart(found.sequence), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Families, BatchedFamily, ::testing::ValuesIn(testing::small_families(8)),
                         [](const auto& test) { return test.param.first; });

TEST(DecoderBatch, LogitsAreThoseOfTheReference) {
  const ModelConfig config = testing::tiny_config(true);
  ParameterSet parameters;
  initialize_parameters(config, 1, parameters);
  testing::randomise(parameters, 11);
  ThreadPool pool(2);
  Context context(pool);
  const ModelWeights weights = refs_of(config, parameters);
  DecoderBatch batch(context, config, weights, 4, 16, MatmulPrecision::kF32);
  for (const Found& found : interleave(batch, 30, 5, 8)) {
    const std::vector<double> wanted =
        testing::ReferenceDecoder(config, parameters).logits(testing::Samples(found.sequence).batch()).back();
    ASSERT_EQ(found.logits.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(found.logits[i], wanted[i], 2e-5) << i;
  }
}

class BatchedVariant : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override { VariantModel::write(GetParam(), folder_); }

  TemporaryFolder folder_;
  ThreadPool pool_{2};
  Context host_{pool_};
};

TEST_P(BatchedVariant, LogitsAreThoseOfASessionAloneAndOfAGuardedDevice) {
  VariantModel model(GetParam(), folder_, host_);
  DecoderBatch batch = model.batch(5);
  DecoderSession alone = model.session();
  const std::vector<Found> all = interleave(batch, 12, 45, 5);
  for (const Found& found : all) expect_near(found.logits, alone.restart(found.sequence), 2e-4);

  GuardedContext guarded(pool_);
  VariantModel there(GetParam(), folder_, guarded);
  DecoderBatch guarded_batch = there.batch(5);
  const std::vector<Found> again = interleave(guarded_batch, 12, 45, 5);
  ASSERT_EQ(again.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(again[i].logits, all[i].logits);
}

TEST_P(BatchedVariant, OnCudaGivesTheLogitsOfASessionAlone) {
  try {
    resolve_device("cuda");
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  Context cuda(pool_, resolve_device("cuda"));
  VariantModel model(GetParam(), folder_, cuda);
  DecoderBatch batch = model.batch(5);
  DecoderSession alone = model.session();
  // float32 sums are taken in a different order; with more than four rows, products of bfloat16 weights also round x.
  const double tolerance = GetParam().format == WeightFormat::kF32 ? 1e-3 : 0.5;
  for (const Found& found : interleave(batch, 12, 45, 5))
    expect_near(found.logits, alone.restart(found.sequence), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Variants, BatchedVariant, testing::decoded_variants());

struct Tiny {
  explicit Tiny(int slots, std::int64_t max_tokens = 16) : config(testing::tiny_config(false)), pool(1), context(pool) {
    initialize_parameters(config, 1, weights);
    testing::randomise(weights, 11);
    refs = refs_of(config, weights);
    batch = std::make_unique<DecoderBatch>(context, config, refs, slots, max_tokens, MatmulPrecision::kF32);
  }
  void append(int slot, const Tokens& tokens) {
    const SlotTokens part{.slot = slot, .tokens = tokens};
    batch->step({&part, 1});
  }
  ModelConfig config;
  ThreadPool pool;
  Context context;
  ParameterSet weights;
  ModelWeights refs;
  std::unique_ptr<DecoderBatch> batch;
};

TEST(DecoderBatch, TextThatIsTooLongIsRefusedAndChangesNothing) {
  Tiny tiny(2, 8);
  tiny.append(0, {1, 2, 3, 4, 5});
  const Tokens one{1}, four{1, 2, 3, 4};
  const std::vector<SlotTokens> parts{{.slot = 1, .tokens = one}, {.slot = 0, .tokens = four}};
  EXPECT_EQ(error_of([&] { tiny.batch->step(parts); }), "the text has 9 tokens, but there is room for 8");
  EXPECT_EQ(tiny.batch->tokens(0).size(), 5u);
  EXPECT_TRUE(tiny.batch->tokens(1).empty());
}

TEST(DecoderBatch, AStepHasRoomForAPromptsChunkAndATokenOfEverySlot) {
  Tiny tiny(3);
  EXPECT_EQ(tiny.batch->max_step_tokens(), 256 + 3) << "a tiny model takes the largest chunks";
}

TEST(DecoderSlots, ASequenceKeepsItsPrefixWhereMostOfASlotIsOne) {
  Tiny tiny(3);
  DecoderSlots slots(*tiny.batch);
  const int first = slots.take(Tokens{1, 2, 3, 4});
  EXPECT_TRUE(tiny.batch->tokens(first).empty());
  tiny.append(first, {1, 2, 3, 4});
  slots.release(first);
  // The same sequence again: all but the last token, which has to be processed.
  const int again = slots.take(Tokens{1, 2, 3, 4});
  EXPECT_EQ(again, first);
  EXPECT_EQ(tiny.batch->tokens(again), (Tokens{1, 2, 3}));
  tiny.append(again, {4});
  // A taken slot is a source, too, up to where both agree.
  const int other = slots.take(Tokens{1, 2, 9, 9});
  EXPECT_NE(other, first);
  EXPECT_EQ(tiny.batch->tokens(other), (Tokens{1, 2}));
  EXPECT_EQ(tiny.batch->tokens(first), (Tokens{1, 2, 3, 4}));
}

TEST(DecoderSlots, ASlotWithMuchElseIsCopiedAndKept) {
  Tiny tiny(2);
  DecoderSlots slots(*tiny.batch);
  const int first = slots.take(Tokens{1, 2, 3, 4, 5, 6, 7});
  tiny.append(first, {1, 2, 3, 4, 5, 6, 7});
  slots.release(first);
  const int other = slots.take(Tokens{1, 2, 9});
  EXPECT_NE(other, first);
  EXPECT_EQ(tiny.batch->tokens(other), (Tokens{1, 2}));
  EXPECT_TRUE(slots.any_free());
  // The last free slot has to do.
  EXPECT_EQ(slots.take(Tokens{8, 8}), first);
  EXPECT_TRUE(tiny.batch->tokens(first).empty());
  EXPECT_FALSE(slots.any_free());
}

TEST(DecoderSlots, CopiedPrefixesGiveTheLogitsOfASessionAlone) {
  Tiny tiny(4, 40);
  DecoderSlots slots(*tiny.batch);
  DecoderSession alone(tiny.context, tiny.config, tiny.refs, 40, MatmulPrecision::kF32);
  Random random(2, "prompts");
  std::size_t reused = 0;
  std::vector<int> taken;
  for (int i = 0; i < 60; ++i) {
    if (taken.size() == 4 || (!taken.empty() && random.below(2) == 0)) {
      const std::size_t at = random.below(taken.size());
      slots.release(taken[at]);
      taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(at));
      continue;
    }
    // Three instructions, and different inputs.
    Tokens prompt(10, static_cast<std::int32_t>(random.below(3)));
    const Tokens input = some_tokens(random, 12);
    prompt.insert(prompt.end(), input.begin(), input.end());
    const int slot = slots.take(prompt);
    taken.push_back(slot);
    const std::size_t kept = tiny.batch->tokens(slot).size();
    ASSERT_LT(kept, prompt.size());
    reused += kept;
    tiny.append(slot, {prompt.begin() + static_cast<std::ptrdiff_t>(kept), prompt.end()});
    ASSERT_EQ(tiny.batch->tokens(slot), prompt);
    expect_near(tiny.batch->logits(0), alone.restart(prompt), 1e-4);
  }
  EXPECT_GT(reused, 150u);
}

}  // namespace
}  // namespace matinee
