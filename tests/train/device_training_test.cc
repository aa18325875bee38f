// A complete run, its checkpoint, its adapter and decoding on devices other than the CPU: one whose memory the host
// must not access (an access crashes the test, and results are the same bytes as in the CPU's own memory), and a CUDA
// device if there is one.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_merge.h"
#include "lib/model/model_parameters.h"
#include "lib/train/memory_plan.h"
#include "lib/train/speed_estimate.h"
#include "lib/train/trainer.h"
#include "tests/support/guarded_device.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using testing::tiny_config;
using testing::tiny_tokens;
using testing::TinyTokens;

struct Variant {
  WeightFormat format = WeightFormat::kF32;
  bool dora = false, recompute = false, full = false;
  MatmulPrecision precision = MatmulPrecision::kF32;
};

// All results of a training, as numbers.
struct Outcome {
  std::vector<double> losses;
  std::vector<float> values, logits, merged;
  double best = 0;
};

Outcome outcome_of(const Variant& variant, Context& context, const TemporaryFolder& folder, const std::string& name) {
  const ModelConfig config = tiny_config();
  const TokenDataset train(folder.file("train")), valid(folder.file("valid"));
  ParameterSet everything(context.allocator());
  std::unique_ptr<FrozenWeights> frozen;
  std::unique_ptr<LoraAdapter> adapter;
  ModelWeights refs;
  LoraWeights lora_weights;
  if (variant.full) {
    load_parameters(folder.file("base"), config, everything);
    refs = refs_of(config, everything);
  } else {
    frozen =
        std::make_unique<FrozenWeights>(folder.file("base"), config, variant.format,
                                        FrozenWeightsOptions{.context = &context, .table_aside = variant.recompute});
    refs = frozen->refs();
    LoraConfig lora;
    lora.rank = 3;
    lora.lora_dropout = 0.1;
    lora.use_dora = variant.dora;
    lora.modules_to_save = {"lm_head"};
    adapter = std::make_unique<LoraAdapter>(config, lora, 5, context.allocator());
    adapter->begin_from(context, refs);
    adapter->attach_to(refs);
    lora_weights = adapter->factors();
  }
  TrainOptions options{.max_steps = 6, .micro_batch_tokens = 48, .gradient_accumulation_steps = 2};
  options.neftune_alpha = 5;
  options.adam_bits = variant.full ? 8 : 32;
  options.validate_every = 2;
  DecoderTraining decoder(context, config, refs, adapter ? &lora_weights : nullptr,
                          Trainer::max_tokens(options, train.info()), variant.precision, variant.recompute);
  const Trainer::Parts parts{.context = context,
                             .decoder = decoder,
                             .parameters = adapter ? adapter->parameters() : everything,
                             .train = train,
                             .valid = &valid,
                             .config = config,
                             .lora = adapter ? &lora_weights : nullptr};
  const RunIdentity run{{{"--seed", "1"}}};
  Outcome outcome;
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepMetrics& step) { outcome.losses.push_back(step.loss); };
  // Stopped after four updates; another trainer continues from the file.
  callbacks.stop = [&] { return outcome.losses.size() == 4; };
  Trainer(parts, options, folder.file(name + ".checkpoint"), run).run(callbacks);
  Trainer again(parts, options, folder.file(name + ".checkpoint"), run);
  again.resume();
  again.run(callbacks);
  outcome.best = again.progress().best_valid_loss;
  for (const Parameter& p : parts.parameters.all()) {
    const std::vector<float> values = p.value.values();
    outcome.values.insert(outcome.values.end(), values.begin(), values.end());
  }
  DecoderSession session(context, config, refs, 16, MatmulPrecision::kF32, adapter ? &lora_weights : nullptr);
  const std::vector<std::int32_t> tokens{3, 1, 4, 1, 5};
  for (const float logit : session.append(tokens)) outcome.logits.push_back(logit);
  if (variant.full) {
    save_model(folder.file(name), config, everything, DType::kF32);
    return outcome;
  }
  adapter->save(folder.file(name), {});
  LoraAdapter read(config, folder.file(name), context.allocator());
  const LoraMerge merge(context, config, read);
  const FrozenWeights merged(folder.file("base"), config, WeightFormat::kBF16, {.context = &context, .merge = &merge});
  DecoderSession of_merged(context, config, merged.refs(), 16, MatmulPrecision::kF32);
  for (const float logit : of_merged.append(tokens)) outcome.merged.push_back(logit);
  return outcome;
}

void write_inputs(const TemporaryFolder& folder) {
  tiny_tokens(24).write(folder.file("train"));
  tiny_tokens(8, 8).write(folder.file("valid"));
  ParameterSet base;
  initialize_parameters(tiny_config(), 3, base);
  save_model(folder.file("base"), tiny_config(), base, DType::kF32);
}

class OnGuardedDevice : public ::testing::TestWithParam<Variant> {};

TEST_P(OnGuardedDevice, TrainsResumesSavesAndDecodesAsOnTheHost) {
  const TemporaryFolder folder;
  write_inputs(folder);
  ThreadPool pool(2);
  Context host(pool);
  GuardedContext guarded(pool);
  const Outcome wanted = outcome_of(GetParam(), host, folder, "host");
  const Outcome found = outcome_of(GetParam(), guarded, folder, "guarded");
  ASSERT_EQ(wanted.losses.size(), 6u);
  EXPECT_EQ(found.losses, wanted.losses);
  EXPECT_EQ(found.values, wanted.values);
  EXPECT_EQ(found.logits, wanted.logits);
  EXPECT_EQ(found.merged, wanted.merged);
  EXPECT_EQ(found.best, wanted.best);
}

INSTANTIATE_TEST_SUITE_P(Variants, OnGuardedDevice,
                         ::testing::Values(Variant{}, Variant{.dora = true}, Variant{.recompute = true},
                                           Variant{.format = WeightFormat::kInt8},
                                           Variant{.format = WeightFormat::kNf4, .dora = true}, Variant{.full = true}));

// Root mean square of the differences.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i] - b[i]), 2);
  return a.empty() ? 0 : std::sqrt(sum / static_cast<double>(a.size()));
}

class OnCuda : public ::testing::TestWithParam<Variant> {};

// CUDA sums in a different order, so numbers differ by rounding; repeating the run gives the same bytes.
TEST_P(OnCuda, TrainsResumesSavesAndDecodesNearTheCpu) {
  try {
    resolve_device("cuda");
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  const TemporaryFolder folder;
  write_inputs(folder);
  ThreadPool pool(2);
  Context host(pool), cuda(pool, resolve_device("cuda"));
  const Outcome wanted = outcome_of(GetParam(), host, folder, "host");
  const Outcome found = outcome_of(GetParam(), cuda, folder, "cuda");
  const Outcome again = outcome_of(GetParam(), cuda, folder, "again");
  ASSERT_EQ(found.losses.size(), 6u);
  const double bound = GetParam().precision == MatmulPrecision::kBF16 ? 1e-2 : 1e-4;
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(found.losses[i], wanted.losses[i], bound * wanted.losses[i]) << i;
  EXPECT_NEAR(found.best, wanted.best, bound * wanted.best);
  // Rounding may flip the sign of a gradient near zero, which moves the weight the other way, by at most 1e-3. This is
  // too rare to change the mean.
  EXPECT_LT(distance(found.values, wanted.values), bound);
  EXPECT_LT(distance(found.logits, wanted.logits), 10 * bound);
  EXPECT_LT(distance(found.merged, wanted.merged), 0.02);  // rounded to bfloat16 on either device
  EXPECT_EQ(found.losses, again.losses);
  EXPECT_EQ(found.values, again.values);
  EXPECT_EQ(found.logits, again.logits);
}

INSTANTIATE_TEST_SUITE_P(Variants, OnCuda,
                         ::testing::Values(Variant{}, Variant{.dora = true}, Variant{.recompute = true},
                                           Variant{.format = WeightFormat::kInt8},
                                           Variant{.format = WeightFormat::kNf4, .dora = true}, Variant{.full = true},
                                           Variant{.precision = MatmulPrecision::kBF16},
                                           Variant{.format = WeightFormat::kNf4, .precision = MatmulPrecision::kBF16}));

// A base with enough layers and parameters that every part of a plan matters, and the options of a short run.
struct LargerRun {
  LargerRun() {
    ParameterSet random;
    initialize_parameters(config, 3, random);
    save_model(folder.file("base"), config, random, DType::kBF16);
    TinyTokens tokens = tiny_tokens(60);
    tokens.vocab_size = config.vocab_size;
    tokens.write(folder.file("train"));
    set = std::make_unique<TokenDataset>(folder.file("train"));
    options.adam_bits = 8;
    max_tokens = Trainer::max_tokens(options, set->info());
    lora.rank = 8;
    lora.lora_dropout = 0.1;
    lora.resolve(config);
  }
  /// The trained values, on a device that has not been used before.
  std::vector<float> train(Context& context, const Variant& variant) const {
    const FrozenWeights frozen(folder.file("base"), config, variant.format,
                               {.context = &context, .table_aside = variant.recompute});
    ModelWeights refs = frozen.refs();
    LoraAdapter adapter(config, lora, 5, context.allocator());
    adapter.attach_to(refs);
    const LoraWeights factors = adapter.factors();
    DecoderTraining decoder(context, config, refs, &factors, max_tokens, variant.precision, variant.recompute);
    Trainer trainer({.context = context,
                     .decoder = decoder,
                     .parameters = adapter.parameters(),
                     .train = *set,
                     .config = config,
                     .lora = &factors},
                    options, "", RunIdentity{});
    trainer.run({});
    std::vector<float> all;
    for (const Parameter& p : adapter.parameters().all()) {
      const std::vector<float> values = p.value.values();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }

  const ModelConfig config = parse_model_config(
      R"({"model_type":"llama","vocab_size":1024,"hidden_size":128,"intermediate_size":352,"num_hidden_layers":5,)"
      R"("num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":64})",
      "config.json");
  TemporaryFolder folder;
  TrainOptions options{.max_steps = 2, .micro_batch_tokens = 64};
  std::unique_ptr<TokenDataset> set;
  std::int64_t max_tokens = 0;
  LoraConfig lora;
};

class LargerOnCuda : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    try {
      resolve_device("cuda");
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }
};

// The plan's count must equal the allocations.
TEST_P(LargerOnCuda, HoldsWhatThePlanSays) {
  const Variant& variant = GetParam();
  const LargerRun run;
  ThreadPool pool(2);
  Context measured(pool, resolve_device("cuda")), context(pool, resolve_device("cuda"));
  const auto rows = run.set->rows_in_order();
  const TokenBatch batch = run.set->batch(std::span(rows).first(static_cast<std::size_t>(run.max_tokens / 16)));
  estimate_seconds(measured, run.config, &run.lora, batch, variant.format, variant.precision, variant.recompute);
  MemoryPlan plan = memory_to_train(
      run.config, &run.lora, variant.format,
      {.max_tokens = run.max_tokens, .recompute = variant.recompute, .moments_8bit = true, .on_device = true});
  plan.scratch = measured.scratch_bytes();
  const std::size_t libraries = context.allocator()->held_bytes();
  run.train(context, variant);
  const auto seen = static_cast<double>(context.allocator()->peak_bytes() - libraries);
  EXPECT_NEAR(static_cast<double>(plan.device_bytes()), seen, 0.01 * seen) << plan.describe();
}

// Offloaded layer inputs and an embedding table in host memory give the same bytes as on the device.
TEST_P(LargerOnCuda, TrainsTheSameWithLessMemory) {
  const LargerRun run;
  ThreadPool pool(2);
  Variant whole = GetParam(), less = GetParam();
  whole.recompute = false;
  less.recompute = true;
  Context with_whole(pool, resolve_device("cuda")), with_less(pool, resolve_device("cuda"));
  EXPECT_EQ(run.train(with_whole, whole), run.train(with_less, less));
  EXPECT_LT(with_less.allocator()->peak_bytes(), with_whole.allocator()->peak_bytes());
}

INSTANTIATE_TEST_SUITE_P(
    Variants, LargerOnCuda,
    ::testing::Values(Variant{.format = WeightFormat::kBF16},
                      Variant{.format = WeightFormat::kNf4, .recompute = true, .precision = MatmulPrecision::kBF16}));

}  // namespace
}  // namespace matinee
