// lora-train through int8 and NF4 bases of every family: testdata/golden/hf holds a checkpoint of each.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <string>
#include <vector>

#include "lib/base/file.h"
#include "lib/io/text_reader.h"
#include "lib/model/decoder_session.h"
#include "lib/model/frozen_weights.h"
#include "lib/train/training_run.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using testing::TinySample;
using testing::TinyTokens;

// Samples in a base's vocabulary that can be memorized.
TinyTokens tokens_of(const ModelConfig& config) {
  TinyTokens tokens = testing::tiny_tokens(8);
  tokens.vocab_size = config.vocab_size;
  for (TinySample& sample : tokens.samples) {
    for (std::int32_t& id : sample.ids) id %= static_cast<std::int32_t>(config.vocab_size);
  }
  return tokens;
}

std::vector<double> losses_in(const std::string& metrics) {
  std::vector<double> losses;
  simdjson::dom::parser parser;
  for (const auto line : parser.load_many(metrics)) losses.push_back(double(line["loss"]));
  return losses;
}

struct Case {
  std::string family, format;
  bool dora = false;
};

class QuantizedTraining : public ::testing::TestWithParam<Case> {
 protected:
  QuantizedTraining() : base("testdata/golden/hf/" + GetParam().family), config(read_model_config(base)) {
    tokens_of(config).write(folder.file("tokens"));
    run.base = base;
    run.base_format = BaseFormat(GetParam().format);
    run.tokens = folder.file("tokens");
    run.output = folder.file("adapter");
    run.metrics = folder.file("metrics");
    run.lora.rank = 4;
    run.lora.use_dora = GetParam().dora;
    run.train.max_steps = 60;
    run.train.micro_batch_tokens = 128;
    run.train.learning_rate = 0.02;
    common.threads = 2;
    common.progress = ProgressStyle::kNone;
  }
  std::vector<double> losses() {
    const OptionSet options;
    SingleRank alone;
    EXPECT_EQ(run_training(run, ToolContext(description, common, options), alone), 0);
    return losses_in(run.metrics);
  }

  TemporaryFolder folder;
  std::string base;
  ModelConfig config;
  TrainingRunOptions run;
  CommonOptions common;
  ToolDescription description{"lora-train", "", "", "", {}, ""};
};

TEST_P(QuantizedTraining, LossesFallAndTheAdapterWorksWithTheSameBase) {
  const std::vector<double> found = losses();
  ASSERT_EQ(found.size(), 60u);
  for (const double loss : found) ASSERT_TRUE(std::isfinite(loss));
  EXPECT_LT(found.back(), 0.7 * found.front());

  // A session with the adapter gives the samples a higher likelihood than one without.
  ThreadPool pool(1);
  Context context(pool);
  const FrozenWeights weights(base, config, run.base_format.format(context), {.context = &context});
  LoraAdapter adapter(config, run.output);
  ModelWeights refs = weights.refs();
  adapter.attach_to(refs);
  const LoraWeights lora = adapter.factors();
  const MatmulPrecision precision = run.base_format.matmul_precision(context);
  DecoderSession with(context, config, refs, 16, precision, &lora),
      without(context, config, weights.refs(), 16, precision);
  double gained = 0;
  for (const TinySample& sample : tokens_of(config).samples) {
    for (std::size_t t = sample.supervised_from; t < sample.ids.size(); ++t) {
      const auto log_probability = [&](DecoderSession& session) {
        const auto logits = session.restart(std::span(sample.ids).first(t));
        double sum = 0;
        for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
        return static_cast<double>(logits[static_cast<std::size_t>(sample.ids[t])]) - std::log(sum);
      };
      gained += log_probability(with) - log_probability(without);
    }
  }
  EXPECT_GT(gained, 5.0);
}

TEST_P(QuantizedTraining, RecomputationAndAnyNumberOfThreadsGiveTheSameBytes) {
  run.train.max_steps = 5;
  losses();
  const std::string first = read_file(run.output + "/adapter_model.safetensors");
  run.recompute = true;
  common.threads = 1;
  losses();
  EXPECT_EQ(read_file(run.output + "/adapter_model.safetensors"), first);
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* family : {"llama", "llama-tied-biases", "mistral", "qwen2", "qwen3", "gpt2", "gptj"}) {
    for (const char* format : {"int8", "nf4"}) all.push_back({family, format, false});
    all.push_back({family, "nf4", true});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Families, QuantizedTraining, ::testing::ValuesIn(cases()), [](const auto& test) {
  std::string name = test.param.family + "_" + test.param.format + (test.param.dora ? "_dora" : "");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace matinee
