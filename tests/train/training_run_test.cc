#include "lib/train/training_run.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/file.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/model/frozen_weights.h"
#include "lib/model/lora_adapter.h"
#include "lib/model/model_parameters.h"
#include "lib/train/training_speed.h"
#include "tests/support/temporary_folder.h"
#include "tests/train/training_workplace.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using testing::tiny_config;
using testing::tiny_tokens;
using testing::TinyTokens;
using testing::Workplace;

TEST(TrainingRun, WritesAnAdapterThatNamesItsTokens) {
  Workplace at;
  EXPECT_EQ(at.train(), 0);
  const LoraAdapter adapter(tiny_config(), at.run.output);
  EXPECT_EQ(adapter.config().rank, 2);
  EXPECT_EQ(adapter.config().base_model_name_or_path, at.base);
  EXPECT_EQ(adapter.metadata().at("matinee.template"), "plain");
  EXPECT_EQ(adapter.metadata().at("matinee.tokenizer_sha"), at.tokens.tokenizer_fingerprint);
  EXPECT_FALSE(file_exists(at.run.output + "/checkpoint.safetensors"));
}

TEST(TrainingRun, RepeatGivesTheSameBytesAndAFinishedRunTrainsNothing) {
  Workplace at;
  at.train();
  const std::string first = read_file(at.run.output + "/adapter_model.safetensors");
  at.train();
  EXPECT_EQ(read_file(at.run.output + "/adapter_model.safetensors"), first);
  // Finished already: --resume trains nothing and leaves the files as they are.
  write_file(at.run.output + "/adapter_model.safetensors", "untouched");
  at.run.resume = true;
  EXPECT_EQ(at.train(), 0);
  EXPECT_EQ(read_file(at.run.output + "/adapter_model.safetensors"), "untouched");
}

TEST(TrainingRun, FullWritesAWholeModelWithItsTokenizer) {
  Workplace at;
  at.run.full = true;
  at.run.config = at.base + "/config.json";
  at.run.base.clear();
  EXPECT_EQ(at.train(), 0);
  const ModelConfig config = read_model_config(at.run.output);
  EXPECT_EQ(config.vocab_size, 32);
  ParameterSet parameters;
  load_parameters(at.run.output, config, parameters);
  EXPECT_EQ(parameters.elements(), config.parameters());
  EXPECT_EQ(read_file(at.run.output + "/tokenizer.json"), testing::kTokenizer);
  // The result can be used as a base.
  at.run.full = false;
  at.run.config.clear();
  at.run.base = at.run.output;
  at.run.output = at.folder.file("adapter of it");
  EXPECT_EQ(at.train(), 0);
}

// Tables are padded beyond the tokenizer (all of Qwen), or a [PAD] was added to the tokenizer alone.
TEST(TrainingRun, TakesATokenizerOfAnotherSizeUnlessASampleUsesAnIdBeyondTheModel) {
  for (const std::int64_t size : {31, 33}) {
    Workplace at;
    at.tokens.vocab_size = size;
    for (auto& sample : at.tokens.samples) {
      for (std::int32_t& id : sample.ids) id = std::min(id, 30);
    }
    at.tokens.write(at.run.tokens);
    at.run.valid = at.folder.file("valid");
    at.tokens.vocab_size = 32;
    at.tokens.write(at.run.valid);
    EXPECT_EQ(at.error(), "") << size;
  }
  Workplace at;
  at.tokens.vocab_size = 40;
  at.run.valid = at.folder.file("valid");
  at.tokens.write(at.run.valid);
  at.tokens.samples[2].ids = {0, 5, 39, 32, 1};
  const auto refusal = [&](const std::string& file, int sample, int token, int id) {
    return file + ": sample " + std::to_string(sample) + ", token " + std::to_string(token) + ": the id " +
           std::to_string(id) + ", but " + at.base +
           " has rows for 32 tokens only; leave that token out of the texts, " +
           "or resize the model's embeddings to the tokenizer";
  };
  at.tokens.write(at.run.tokens);
  EXPECT_EQ(at.error(), refusal(at.run.tokens, 2, 2, 39));
  std::swap(at.run.tokens, at.run.valid);
  at.tokens.samples[2].ids = {0, 5, 1};
  at.tokens.samples[0].ids = {32, 5, 1};
  at.tokens.write(at.run.valid);
  EXPECT_EQ(at.error(), refusal(at.run.valid, 0, 0, 32));
}

TEST(TrainingRun, RefusesABaseThatDoesNotMatchTheTokens) {
  Workplace at;
  at.tokens.seq_len = 17;
  at.tokens.write(at.run.tokens);
  EXPECT_EQ(at.error(), at.run.tokens + ": samples of up to 17 tokens (seq_len), but " + at.base +
                            " has positions for 16; make the tokens again: tokenize --model " + at.base +
                            " --seq-len 16");
  at.tokens.seq_len = 16;
  const std::string right = at.tokens.tokenizer_fingerprint;
  at.tokens.tokenizer_fingerprint = "00000000000000bb";
  at.tokens.write(at.run.tokens);
  EXPECT_EQ(at.error(), at.run.tokens + ": the tokens were made with another tokenizer (00000000000000bb) than " +
                            at.base + "/tokenizer.json (" + right + "); make the tokens again: tokenize --model " +
                            at.base);
  EXPECT_FALSE(file_exists(at.run.output + "/adapter_model.safetensors"));

  // Both vocab.json and merges.txt count.
  std::filesystem::remove(at.base + "/tokenizer.json");
  write_file(at.base + "/vocab.json", "{\"a\":0}");
  write_file(at.base + "/merges.txt", "#version\n");
  EXPECT_NE(at.error().find("made with another tokenizer (00000000000000bb) than " + at.base + "/vocab.json"),
            std::string::npos);
  at.tokens.tokenizer_fingerprint = tokenizer_fingerprint("{\"a\":0}", "#version\n");
  at.tokens.write(at.run.tokens);
  EXPECT_EQ(at.error(), "");
  write_file(at.base + "/merges.txt", "#version\na a\n");
  EXPECT_NE(at.error().find("made with another tokenizer"), std::string::npos);
}

TEST(TrainingRun, RefusesAValidationSetMadeDifferently) {
  Workplace at;
  TinyTokens other = at.tokens;
  other.prompt_template = "alpaca";
  at.run.valid = at.folder.file("valid");
  other.write(at.run.valid);
  EXPECT_EQ(at.error(), at.run.valid + ": was made with another prompt template than " + at.run.tokens);
}

TEST(TrainingRun, RefusesWhatDoesNotFitBeforeItLoads) {
  Workplace at;
  at.common.max_host_mem = 1000;
  const std::string found = at.error();
  EXPECT_TRUE(found.starts_with("training (")) << found;
  EXPECT_NE(found.find("--max-host-mem is 1000 B"), std::string::npos) << found;
}

TEST(TrainingRun, RefusesContradictoryOptions) {
  Workplace at;
  at.run.full = true;
  at.run.config = "config.json";
  EXPECT_EQ(at.error(), "--full takes either --base DIR or --config FILE");
  at.run.full = false;
  EXPECT_EQ(at.error(), "--config is for --full");
  at.run.config.clear();
  at.run.lora.target_modules = {"q_proj", "w_proj"};
  EXPECT_EQ(at.error(),
            "target module \"w_proj\": expected some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, "
            "embed_tokens, lm_head");
  at.run.base.clear();
  EXPECT_EQ(at.error(), "--base DIR is missing");
  at.run.output.clear();
  EXPECT_EQ(at.error(), "--output DIR is missing");
}

std::vector<double> losses_of(const std::string& metrics) {
  std::vector<double> losses;
  const std::string text = read_file(metrics), key = "\"loss\":";
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 1))
    losses.push_back(std::stod(text.substr(at + key.size())));
  return losses;
}

TEST(TrainingRun, StartsFromAnAdapter) {
  Workplace at;
  at.run.lora.target_modules = {"q_proj", "down_proj"};
  at.run.lora.lora_alpha = 5;
  at.run.lora.modules_to_save = {"lm_head"};
  at.run.train.learning_rate = 0.01;
  at.train();
  const std::string first = at.run.output;
  const LoraAdapter before(tiny_config(), first);

  // The second run takes everything from the first. At a learning rate of 0 it has the same values, and its first loss
  // is that of the adapter.
  at.run.lora = {};
  at.run.adapter = first;
  at.run.output = at.folder.file("second");
  at.run.metrics = at.folder.file("metrics");
  at.run.train.learning_rate = 0;
  at.run.train.micro_batch_tokens = 4096;  // all samples
  EXPECT_EQ(at.train(), 0);
  const LoraAdapter same(tiny_config(), at.run.output);
  EXPECT_EQ(same.config().rank, 2);
  EXPECT_EQ(same.config().lora_alpha, 5);
  ASSERT_EQ(same.parameters().all().size(), before.parameters().all().size());
  for (std::size_t i = 0; i < same.parameters().all().size(); ++i)
    EXPECT_EQ(same.parameters().all()[i].value.values(), before.parameters().all()[i].value.values());
  EXPECT_NE(read_file(at.run.output + "/training.json").find("\"adapter\":\"" + first + "\""), std::string::npos);
  const double continued = losses_of(at.run.metrics).front();

  const ModelConfig config = tiny_config();
  ThreadPool pool(1);
  Context context(pool);
  LoraAdapter adapter(config, first);
  const FrozenWeights frozen(at.base, config, at.run.base_format.format(context));
  ModelWeights weights = frozen.refs();
  adapter.attach_to(weights);
  const LoraWeights lora = adapter.factors();
  DecoderTraining decoder(context, config, weights, &lora, 4096, at.run.base_format.matmul_precision(context));
  const TokenDataset data(at.run.tokens);
  const auto rows = data.rows_of_epoch(at.run.train.seed, 0);
  const TokenBatch batch = data.batch(rows);
  EXPECT_NEAR(decoder.evaluate(batch.view()).loss / static_cast<double>(batch.n_supervised), continued, 1e-6);

  // A chain: trained further, it is better than the first, and another run when the adapter is another.
  at.run.train.learning_rate = 0.01;
  at.run.output = at.folder.file("third");
  at.run.train.checkpoint_every = 1;
  at.train();
  EXPECT_LT(losses_of(at.run.metrics).back(), continued);
  at.run.train.time_limit_minutes = 1e-9;
  at.train();
  at.run.adapter = at.folder.file("second");
  at.run.resume = true;
  EXPECT_NE(at.error().find("belongs to another run: the hash of the adapter it starts from was"), std::string::npos);
  at.run.adapter = first;
  EXPECT_EQ(at.error(), "");
  at.run.adapter = at.base;
  EXPECT_NE(at.error().find("adapter_config.json"), std::string::npos);
}

TEST(TrainingRun, OptionsThatContradictTheAdapterAreRefusedByName) {
  Workplace at;
  at.train();
  at.run.adapter = at.run.output;
  at.run.output = at.folder.file("second");
  const auto error = [&](const std::vector<const char*>& words) {
    TrainingRunOptions run = at.run;
    run.lora = {};
    OptionSet options;
    run.add(options);
    std::vector<const char*> line{"lora-train"};
    line.insert(line.end(), words.begin(), words.end());
    options.parse(static_cast<int>(line.size()), line.data());
    const ToolContext tool(at.description, at.common, options);
    SingleRank alone;
    return error_of([&] { run_training(run, tool, alone); });
  };
  EXPECT_EQ(error({"--rank", "2", "--targets", "all-linear", "--dropout", "0.1"}), "");
  EXPECT_EQ(
      error({"--rank", "3"}),
      "--rank: " + at.run.adapter + " was trained with 2, found 3; leave the option out to start from that adapter");
  for (const auto& words : std::vector<std::vector<const char*>>{{"--alpha", "3"},
                                                                 {"--targets", "q_proj"},
                                                                 {"--layers", "1"},
                                                                 {"--exclude", "q_proj"},
                                                                 {"--dora"},
                                                                 {"--trainable-tokens", "3"}}) {
    EXPECT_TRUE(error(words).starts_with(std::string(words[0]) + ": ")) << words[0] << ": " << error(words);
  }
  EXPECT_EQ(error({"--full"}), "--adapter is for an adapter; merge it to train it with --full");
}

TEST(TrainingRun, LayersAndTokensAreOptions) {
  Workplace at;
  at.run.lora.layers = {"1"};
  at.run.lora.exclude = {"k_proj"};
  at.run.lora.tokens = {"3", "5"};
  EXPECT_EQ(at.train(), 0);
  const LoraAdapter adapter(tiny_config(), at.run.output);
  EXPECT_EQ(adapter.config().layers_to_transform, std::vector<std::int64_t>{1});
  EXPECT_EQ(adapter.config().exclude_modules, std::vector<std::string>{"k_proj"});
  EXPECT_EQ(*adapter.config().tokens_of("model.embed_tokens"), (std::vector<std::int32_t>{3, 5}));
  for (const Parameter& p : adapter.parameters().all())
    EXPECT_TRUE(p.name.find("layers.1.") != std::string::npos || p.name.ends_with("trainable_tokens_delta")) << p.name;
  for (const char* bad : {"x", "1-", "3-1", "-1"}) {
    at.run.lora.layers = {bad};
    EXPECT_EQ(at.error(), std::string("--layers: expected N or FIRST-LAST, found \"") + bad + "\"");
  }
  at.run.lora.layers = {"0-7"};
  EXPECT_EQ(at.error(), "layers_to_transform: 2: expected layers from 0 to 1");
  at.run.lora.layers.clear();
  at.run.lora.tokens = {"norm=1"};
  EXPECT_EQ(at.error(), "trainable_token_indices: \"norm\": expected embed_tokens or lm_head");
}

TEST(TrainingSpeed, CountsTheOperationsOfABatch) {
  const ModelConfig config = tiny_config();
  TokenBatch batch;
  batch.input_ids = {1, 2, 3};
  batch.positions = {0, 1, 2};
  batch.n_supervised = 2;
  // Weights per layer: 16·16 (q) + 2·8·16 (k, v), and 16·16 (o) + 3·16·24, the latter in the last layer for the two
  // supervised tokens only; 6 pairs of positions; 2 rows of logits.
  const double linear = 6.0 * (3 * 2 * 512 + (3 + 2) * 1408), attention = 3.5 * 4 * 6 * 16 * 2,
               head = 6.0 * 2 * 32 * 16;
  EXPECT_DOUBLE_EQ(training_operations(config, nullptr, batch), linear + attention + head);
}

}  // namespace
}  // namespace matinee
