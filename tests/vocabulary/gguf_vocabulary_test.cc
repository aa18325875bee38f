#include "lib/vocabulary/gguf_vocabulary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "lib/prompt/chat_template.h"
#include "lib/vocabulary/tokenizer_files.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

std::map<std::string, GgufValue> vocabulary_of(const std::string& path, std::int64_t vocab_size) {
  const TokenizerFiles files = read_tokenizer_files(path);
  const auto values = gguf_vocabulary(files.definition, files.special, vocab_size);
  return {values.begin(), values.end()};
}

std::size_t place_of(const std::vector<std::string>& tokens, const std::string& token) {
  return static_cast<std::size_t>(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
}

TEST(GgufVocabulary, ByteLevelIsSpelledAsGpt2Does) {
  const auto values = vocabulary_of("testdata/mini", 4100);
  EXPECT_EQ(values.at("tokenizer.ggml.model").as_text(), "gpt2");
  EXPECT_EQ(values.at("tokenizer.ggml.pre").as_text(), "starcoder") << "single digits, then GPT-2's pattern";
  const auto& tokens = values.at("tokenizer.ggml.tokens").as_texts();
  const auto types = values.at("tokenizer.ggml.token_type").as_i32s();
  ASSERT_EQ(tokens.size(), 4100u);
  EXPECT_EQ(tokens[0], "<|bos|>");
  EXPECT_EQ(types[0], 3);
  EXPECT_EQ(types[place_of(tokens, "\xC4\xA0the")], 1) << "a space is spelled as U+0120";
  EXPECT_EQ(tokens[4099], "[PAD4099]");
  EXPECT_EQ(types[4099], 5);
  EXPECT_EQ(values.at("tokenizer.ggml.merges").as_texts().size(), 3832u);
  EXPECT_EQ(values.at("tokenizer.ggml.eos_token_id").as_unsigned(), 1u);
  EXPECT_FALSE(values.at("tokenizer.ggml.add_bos_token").as_bool());
  EXPECT_NE(error_of([] { vocabulary_of("testdata/mini", 4000); }).find("4096 tokens, the model 4000"),
            std::string::npos);
}

TEST(GgufVocabulary, AddedTokensBeyondTheModelAreLeftOut) {
  TokenizerFiles files = read_tokenizer_files("testdata/mini");
  SpecialTokens special = files.special;
  files.definition.vocabulary.emplace_back("[PAD]");
  files.definition.defined.push_back(true);
  files.definition.added_tokens.push_back({.id = 4096, .content = "[PAD]", .special = true});
  special.pad = 4096;
  const auto written = gguf_vocabulary(files.definition, special, 4096);
  const std::map<std::string, GgufValue> values(written.begin(), written.end());
  EXPECT_EQ(values.at("tokenizer.ggml.tokens").as_texts().size(), 4096u);
  EXPECT_FALSE(values.contains("tokenizer.ggml.padding_token_id"));
  const auto error = [&] { return error_of([&] { gguf_vocabulary(files.definition, special, 4096); }); };
  special.eos = 4096;
  EXPECT_EQ(error(), "the end token has id 4096, but the model has 4096 tokens");
}

TEST(GgufVocabulary, ScoresMergeAsRanksDo) {
  const TokenizerFiles files = read_tokenizer_files("tests/tokenizer/data/llama");
  const auto n = static_cast<std::int64_t>(files.definition.vocabulary.size());
  const auto values = vocabulary_of("tests/tokenizer/data/llama", n);
  EXPECT_EQ(values.at("tokenizer.ggml.model").as_text(), "llama");
  const auto scores = values.at("tokenizer.ggml.scores").as_f32s();
  const auto types = values.at("tokenizer.ggml.token_type").as_i32s();
  const auto& tokens = values.at("tokenizer.ggml.tokens").as_texts();
  ASSERT_GT(files.definition.merges.size(), 1u);
  // Whichever merge has the lower rank has the higher score.
  for (std::size_t m = 1; m < files.definition.merges.size(); ++m) {
    EXPECT_LE(scores[static_cast<std::size_t>(files.definition.merged[m])],
              scores[static_cast<std::size_t>(files.definition.merged[0])]);
  }
  EXPECT_EQ(types[place_of(tokens, "<0x0A>")], 6);
}

TEST(GgufVocabulary, WhatGgufHasNoWordForIsRefused) {
  TokenizerFiles files = read_tokenizer_files("testdata/mini");
  const auto error = [&] { return error_of([&] { gguf_vocabulary(files.definition, {}, 4096); }); };
  EXPECT_EQ(error(), "");
  files.definition.normalizer.push_back({.kind = NormalizerStep::Kind::kLowercase});
  EXPECT_NE(error().find("normalizer"), std::string::npos);
  files.definition.normalizer.clear();
  files.definition.pre_tokenizer.push_back({.kind = PreTokenizerStep::Kind::kSplit, .pattern = "x+"});
  EXPECT_NE(error().find("split pattern"), std::string::npos);
}

}  // namespace
}  // namespace matinee
