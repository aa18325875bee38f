// Decoding on devices that capture graphs. Steps replayed from a graph give the same bytes as steps launched one by
// one, whatever calls come between them, and every step but the first for each cache size is replayed. Tested on the
// CPU with memory that the host must not access, and on a CUDA device if there is one.

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "tests/model/variant_model.h"
#include "tests/support/guarded_device.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using testing::Variant;
using testing::VariantModel;

struct Outcome {
  std::vector<float> logits;  // of all calls
  std::int64_t single = 0, repeated = 0;
};

// Appends tokens one at a time and several at once, truncates and restarts, with caches of two sizes. `moving`: takes
// scratch memory before each call, so that addresses change and no graph can be replayed.
Outcome decode(VariantModel& model, bool moving = false) {
  DecoderSession session = model.session();
  const ScratchScope scope(model.context().scratch());
  Random random(4, "tokens");
  Outcome outcome;
  std::vector<std::int32_t> tokens;
  const auto more = [&](std::size_t n) {
    tokens.clear();
    for (std::size_t i = 0; i < n; ++i) tokens.push_back(static_cast<std::int32_t>(random.below(13)));
  };
  const auto keep = [&](std::span<const float> logits) {
    outcome.logits.insert(outcome.logits.end(), logits.begin(), logits.end());
  };
  const auto append = [&](std::size_t n) {
    if (moving) model.context().scratch().take(1);
    more(n);
    keep(session.append(tokens));
    outcome.single += n == 1;
  };
  append(1);
  append(5);
  for (int i = 0; i < 6; ++i) append(1);
  session.truncate(7);
  append(1);
  append(3);
  for (int i = 0; i < 3; ++i) append(1);
  // The first nine tokens are kept.
  std::vector<std::int32_t> others = session.tokens();
  others.resize(11);
  others[9] = (others[9] + 1) % 13;
  if (moving) model.context().scratch().take(1);
  keep(session.restart(others));
  append(1);
  append(static_cast<std::size_t>(250 - session.length()));
  for (int i = 0; i < 10; ++i) append(1);
  session.truncate(255);
  for (int i = 0; i < 3; ++i) append(1);
  EXPECT_EQ(session.length(), 258);
  outcome.repeated = session.repeated_steps();
  return outcome;
}

class CapturedDecoding : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override { VariantModel::write(GetParam(), folder_); }

  // Decodes on a device that captures graphs. Checks that the bytes equal those without a graph.
  Outcome checked(Context& context) {
    VariantModel model(GetParam(), folder_, context);
    const Outcome issued = decode(model, true);
    EXPECT_EQ(issued.repeated, 0) << "recorded addresses are not those that would be used now";
    decode(model);  // scratch memory reaches its final size
    Outcome found = decode(model);
    EXPECT_EQ(found.repeated, found.single - 2) << "all but the first for each size of the cache";
    EXPECT_EQ(found.logits, issued.logits);
    return found;
  }

  TemporaryFolder folder_;
  ThreadPool pool_{2};
  Context host_{pool_};
};

TEST_P(CapturedDecoding, OnGuardedDeviceGivesTheBytesOfTheHost) {
  VariantModel model(GetParam(), folder_, host_);
  const Outcome wanted = decode(model);
  EXPECT_EQ(wanted.repeated, 0) << "the CPU records nothing";
  GuardedContext guarded(pool_);
  EXPECT_EQ(checked(guarded).logits, wanted.logits);
}

TEST_P(CapturedDecoding, OnCudaGivesTheBytesOfIssuedSteps) {
  try {
    resolve_device("cuda");
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  Context cuda(pool_, resolve_device("cuda"));
  const Outcome found = checked(cuda);
  VariantModel model(GetParam(), folder_, host_);
  const Outcome wanted = decode(model);
  double square_error = 0, square = 0;
  ASSERT_EQ(found.logits.size(), wanted.logits.size());
  for (std::size_t i = 0; i < wanted.logits.size(); ++i) {
    square_error += std::pow(static_cast<double>(found.logits[i]) - static_cast<double>(wanted.logits[i]), 2);
    square += std::pow(static_cast<double>(wanted.logits[i]), 2);
  }
  // float32 sums are taken in a different order; with more than four rows, products of bfloat16 weights also round x.
  EXPECT_LT(std::sqrt(square_error / square), GetParam().format == WeightFormat::kF32 ? 1e-4 : 0.05);
}

INSTANTIATE_TEST_SUITE_P(Variants, CapturedDecoding, testing::decoded_variants());

}  // namespace
}  // namespace matinee
