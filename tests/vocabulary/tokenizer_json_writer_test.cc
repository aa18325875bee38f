#include "lib/vocabulary/tokenizer_json_writer.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/io/gguf_writer.h"
#include "lib/tokenizer/tokenizer.h"
#include "lib/vocabulary/gguf_vocabulary.h"
#include "lib/vocabulary/tokenizer_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/text/test_texts.h"

namespace matinee {
namespace {

using testing::TemporaryFolder;
using Ids = std::vector<std::int32_t>;

void expect_same(const std::string& path) {
  const TemporaryFolder folder;
  const TokenizerFiles files = read_tokenizer_files(path);
  const TokenizerJson json = tokenizer_json_of(files.definition, files.special);
  write_file(folder.file("tokenizer.json"), json.tokenizer);
  write_file(folder.file("tokenizer_config.json"), json.tokenizer_config);
  const Tokenizer original = Tokenizer::load(path), read = Tokenizer::load(folder.path());
  ASSERT_LE(read.vocab_size(), original.vocab_size()) << path << ": holes at the end are not written";
  for (std::int32_t id = 0; id < original.vocab_size(); ++id) {
    ASSERT_EQ(read.has(id), original.has(id)) << path << " " << id;
    ASSERT_EQ(read.token_bytes(id), original.token_bytes(id)) << path << " " << id;
    ASSERT_EQ(read.is_special(id), original.is_special(id)) << path << " " << id;
  }
  const SpecialTokens &a = read.special(), &b = original.special();
  EXPECT_EQ((Ids{a.bos, a.eos, a.pad, a.unk}), (Ids{b.bos, b.eos, b.pad, b.unk})) << path;
  EXPECT_EQ(read.adds_bos(), original.adds_bos()) << path;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Random random(22, "json", i);
    std::string text = testing::random_text(random, random.below(60));
    if (random.below(4) == 0) text += "<s>" + testing::random_text(random, 5) + "<|im_end|> x[PAD]";
    for (const bool at_start : {true, false}) {
      const EncodeOptions options{.parse_special = random.below(2) == 0, .at_start = at_start};
      const Ids ids = original.encode(text, options);
      ASSERT_EQ(read.encode(text, options), ids) << path << ": " << text;
      ASSERT_EQ(read.decode(ids, {.at_start = at_start}), original.decode(ids, {.at_start = at_start})) << text;
    }
  }
}

TEST(TokenizerJsonWriter, WhatItWritesIsReadBack) {
  const TemporaryFolder folder;
  for (const char* path : {"testdata/mini", "tests/tokenizer/data/byte_level", "tests/tokenizer/data/llama3_split",
                           "tests/tokenizer/data/llama", "tests/tokenizer/data/legacy_llama"}) {
    expect_same(path);
    const TokenizerFiles files = read_tokenizer_files(path);
    const auto padded = static_cast<std::int64_t>(files.definition.vocabulary.size()) + 7;
    GgufWriter writer(folder.file("x.gguf"));
    for (const auto& [key, value] : gguf_vocabulary(files.definition, files.special, padded)) writer.add(key, value);
    writer.commit();
    expect_same(folder.file("x.gguf"));
  }
}

TEST(TokenizerJsonWriter, RealVocabularies) {
  const std::string folder = testing::real_data("tokenizers");
  if (folder.empty()) GTEST_SKIP() << "REAL_DATA has no tokenizers";
  for (const char* name : {"/gpt2", "/llama2", "/mistral_7b", "/qwen2"}) expect_same(folder + name);
}

}  // namespace
}  // namespace matinee
