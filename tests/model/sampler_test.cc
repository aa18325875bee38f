#include "lib/model/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

const std::vector<float> kLogits{0.5f, 2.0f, -1.0f, 2.0f, 1.0f};

std::map<std::int32_t, int> counts(SamplerOptions options, const std::vector<float>& logits, int n,
                                   std::vector<std::uint64_t> allowed = {}) {
  Sampler sampler(options, 7);
  std::map<std::int32_t, int> found;
  for (int i = 0; i < n; ++i) ++found[sampler.choose(logits, allowed)];
  return found;
}

TEST(Sampler, GreedyTakesTheFirstOfEquallyLikelyTokens) {
  EXPECT_EQ(Sampler({}, 1).choose(kLogits), 1);
  EXPECT_EQ(Sampler({.temperature = 5, .top_k = 1}, 1).choose(kLogits), 1);
}

TEST(Sampler, OnlyAllowedTokensAreChosen) {
  const std::vector<std::uint64_t> allowed{0b10101};
  EXPECT_EQ(Sampler({}, 1).choose(kLogits, allowed), 4);
  for (const auto& [id, n] : counts({.temperature = 3}, kLogits, 500, allowed)) EXPECT_EQ(id % 2, 0) << n;
  // Ids beyond the mask are not allowed.
  std::vector<float> many(70, 0.0f);
  many[69] = 9;
  EXPECT_EQ(Sampler({}, 1).choose(many, std::vector<std::uint64_t>{4}), 2);
  EXPECT_EQ(Sampler({}, 1).choose(many, std::vector<std::uint64_t>{4, 32}), 69);
}

TEST(Sampler, FrequenciesAreTheProbabilities) {
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  const int n = 20000;
  auto found = counts({.temperature = 1}, logits, n);
  // Five standard deviations.
  EXPECT_NEAR(found[0], 0.5 * n, 5 * std::sqrt(0.25 * n));
  EXPECT_NEAR(found[1], 0.3 * n, 5 * std::sqrt(0.21 * n));
  // Half the temperature squares the probabilities: 25 : 9 : 4.
  found = counts({.temperature = 0.5}, logits, n);
  EXPECT_NEAR(found[0], 25.0 / 38 * n, 5 * std::sqrt(0.23 * n));
  EXPECT_NEAR(found[2], 4.0 / 38 * n, 5 * std::sqrt(0.1 * n));
}

TEST(Sampler, TopKAndTopPKeepTheLikeliest) {
  const std::vector<float> logits{std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  EXPECT_EQ(counts({.temperature = 1, .top_k = 2}, logits, 300).count(0), 0u);
  EXPECT_EQ(counts({.temperature = 1, .top_k = 2}, logits, 300).size(), 2u);
  EXPECT_EQ(counts({.temperature = 1, .top_p = 0.45}, logits, 300).size(), 1u);
  EXPECT_EQ(counts({.temperature = 1, .top_p = 0.7}, logits, 300).size(), 2u);
  EXPECT_EQ(counts({.temperature = 1, .top_p = 0.9}, logits, 300).size(), 3u);
}

TEST(Sampler, SameSeedSameChoices) {
  const SamplerOptions options{.temperature = 1};
  Sampler a(options, 3), b(options, 3), c(options, 4);
  std::vector<std::int32_t> of_a, of_b, of_c;
  for (int i = 0; i < 50; ++i) {
    of_a.push_back(a.choose(kLogits));
    of_b.push_back(b.choose(kLogits));
    of_c.push_back(c.choose(kLogits));
  }
  EXPECT_EQ(of_a, of_b);
  EXPECT_NE(of_a, of_c);
}

TEST(Sampler, InvalidArgumentsAreRefused) {
  EXPECT_EQ(error_of([] { Sampler({.temperature = -1}, 1); }),
            "temperature: expected a number of at least 0, found -1");
  EXPECT_EQ(error_of([] { Sampler({.top_k = -2}, 1); }), "top-k: expected a whole number of at least 0, found -2");
  EXPECT_EQ(error_of([] { Sampler({.top_p = 0}, 1); }), "top-p: expected a number above 0 and at most 1, found 0");
  EXPECT_NE(error_of([] { Sampler({}, 1).choose(kLogits, std::vector<std::uint64_t>{0}); }), "");
  std::vector<float> broken = kLogits;
  broken[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_of([&] { Sampler({}, 1).choose(broken); }), "the model's logit of token 2 is nan");
  // A token that is not allowed has no effect.
  EXPECT_EQ(Sampler({}, 1).choose(broken, std::vector<std::uint64_t>{0b11011}), 1);
}

TEST(Sampler, LogProbabilitiesSumToOne) {
  double sum = 0;
  for (std::int32_t id = 0; id < 5; ++id) sum += std::exp(log_probability(kLogits, id));
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_NEAR(log_probability(kLogits, 1) - log_probability(kLogits, 4), 1, 1e-12);
}

}  // namespace
}  // namespace matinee
