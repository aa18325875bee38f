// A whole run, its checkpoint, its adapter and decoding on a device whose memory the host may not touch: whoever
// follows a pointer into it dies here. What comes out has the bytes of the CPU's own memory.

#include "tests/support/guarded_device.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "lib/model/decoder_session.h"
#include "lib/model/lora_merge.h"
#include "lib/model/weights.h"
#include "lib/train/trainer.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using testing::tiny_config;
using testing::tiny_tokens;

struct Variant {
  DType format = DType::kF32;
  bool dora = false, recompute = false, full = false;
};

// Everything that a training makes, as numbers.
struct Outcome {
  std::vector<double> losses;
  std::vector<float> values, logits, merged;
  double best = 0;
};

Outcome outcome_of(const Variant& variant, Context& context, const TemporaryFolder& folder, const std::string& name) {
  const ModelConfig config = tiny_config();
  const TokenDataset train(folder.file("train")), valid(folder.file("valid"));
  ParameterSet everything(context.memory());
  std::unique_ptr<FrozenWeights> frozen;
  std::unique_ptr<LoraAdapter> adapter;
  WeightSlots slots;
  LoraSlots lora_slots;
  if (variant.full) {
    load_parameters(folder.file("base"), config, everything);
    slots = slots_of(config, everything);
  } else {
    frozen = std::make_unique<FrozenWeights>(folder.file("base"), config, variant.format, 0, &context);
    slots = frozen->slots();
    LoraConfig lora;
    lora.rank = 3;
    lora.lora_dropout = 0.1;
    lora.use_dora = variant.dora;
    lora.modules_to_save = {"lm_head"};
    adapter = std::make_unique<LoraAdapter>(config, lora, 5, context.memory());
    adapter->begin_from(context, slots);
    adapter->attach_to(slots);
    lora_slots = adapter->slots();
  }
  TrainOptions options{.max_steps = 6, .micro_batch_tokens = 48, .gradient_accumulation_steps = 2};
  options.neftune_alpha = 5;
  options.adam_bits = variant.full ? 8 : 32;
  options.validate_every = 2;
  DecoderTraining decoder(context, config, slots, adapter ? &lora_slots : nullptr,
                          Trainer::max_tokens(options, train.info()), Product::kF32, variant.recompute);
  const Trainer::Parts parts{.context = context,
                             .decoder = decoder,
                             .parameters = adapter ? adapter->parameters() : everything,
                             .train = train,
                             .valid = &valid,
                             .config = config,
                             .lora = adapter ? &lora_slots : nullptr};
  const RunIdentity run{{{"--seed", "1"}}};
  Outcome outcome;
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepMetrics& step) { outcome.losses.push_back(step.loss); };
  // Stopped after four updates and continued from the file by another trainer.
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
  DecoderSession session(context, config, slots, 16, Product::kF32, adapter ? &lora_slots : nullptr);
  const std::vector<std::int32_t> tokens{3, 1, 4, 1, 5};
  for (const float logit : session.append(tokens)) outcome.logits.push_back(logit);
  if (variant.full) {
    save_model(folder.file(name), config, everything, DType::kF32);
    return outcome;
  }
  adapter->save(folder.file(name), {});
  LoraAdapter read(config, folder.file(name), context.memory());
  const LoraMerge merge(context, config, read);
  const FrozenWeights merged(folder.file("base"), config, DType::kBF16, 0, &context, &merge);
  DecoderSession of_merged(context, config, merged.slots(), 16, Product::kF32);
  for (const float logit : of_merged.append(tokens)) outcome.merged.push_back(logit);
  return outcome;
}

class OnGuardedDevice : public ::testing::TestWithParam<Variant> {};

TEST_P(OnGuardedDevice, TrainsResumesSavesAndDecodesAsOnTheHost) {
  const TemporaryFolder folder;
  tiny_tokens(24).write(folder.file("train"));
  tiny_tokens(8, 8).write(folder.file("valid"));
  ParameterSet base;
  initialise_parameters(tiny_config(), 3, base);
  save_model(folder.file("base"), tiny_config(), base, DType::kF32);
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
                                           Variant{.format = DType::kI8}, Variant{.format = DType::kU8, .dora = true},
                                           Variant{.full = true}));

}  // namespace
}  // namespace matinee
