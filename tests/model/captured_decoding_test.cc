// Decoding on devices that capture graphs. Steps replayed from a graph give the same bytes as steps launched one by
// one, whatever calls come between them, and every step but the first for each cache size is replayed. Tested on the
// CPU with memory that the host must not access, and on a CUDA device if there is one.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/parallel.h"
#include "lib/base/random.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_parameters.h"
#include "tests/model/small_families.h"
#include "tests/model/tiny_model.h"
#include "tests/support/guarded_device.h"
#include "tests/support/in_place.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;

struct Variant {
  std::string family;
  WeightFormat format = WeightFormat::kF32;
  bool lora = false, dora = false;

  friend std::ostream& operator<<(std::ostream& out, const Variant& v) {
    return out << v.family << " " << name_of(v.format) << (v.dora ? " DoRA" : v.lora ? " LoRA" : "");
  }
};

constexpr std::int64_t kMostTokens = 300;

ModelConfig config_of(const std::string& family) {
  for (auto& [name, config] : testing::small_families(16)) {
    if (name != family) continue;
    config.max_position_embeddings = kMostTokens;
    return config;
  }
  ADD_FAILURE() << family;
  return {};
}

/// A base in the memory of a context, with an adapter if the variant has one.
class Model {
 public:
  Model(const Variant& variant, const TemporaryFolder& folder, Context& context)
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
    testing::randomise(parameters, 11);
    save_model(folder.path(), config_of(variant.family), parameters, DType::kF32);
  }

  DecoderSession session() {
    return {context_, config_, refs_, kMostTokens, MatmulPrecision::kF32, adapter_ ? &lora_ : nullptr};
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

struct Outcome {
  std::vector<float> logits;  // of all calls
  std::int64_t single = 0, repeated = 0;
};

// Appends tokens one at a time and several at once, truncates and restarts, with caches of two sizes. `moving`: takes
// scratch memory before each call, so that addresses change and no graph can be replayed.
Outcome decode(Model& model, bool moving = false) {
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
  void SetUp() override { Model::write(GetParam(), folder_); }

  // Decodes on a device that captures graphs. Checks that the bytes equal those without a graph.
  Outcome checked(Context& context) {
    Model model(GetParam(), folder_, context);
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
  Model model(GetParam(), folder_, host_);
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
  Model model(GetParam(), folder_, host_);
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

INSTANTIATE_TEST_SUITE_P(Variants, CapturedDecoding,
                         ::testing::Values(Variant{"llama"}, Variant{"mistral"}, Variant{"qwen3"}, Variant{"gpt2"},
                                           Variant{"gptj"}, Variant{"llama", WeightFormat::kBF16, true},
                                           Variant{"mistral", WeightFormat::kInt8, true},
                                           Variant{"qwen2", WeightFormat::kNf4, true, true},
                                           Variant{"gpt2", WeightFormat::kInt8, true, true}));

}  // namespace
}  // namespace matinee
