#include "lib/vocabulary/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/base/file.h"
#include "lib/base/random.h"
#include "lib/io/gguf_writer.h"
#include "lib/io/tokenizer_fingerprint.h"
#include "lib/tokenizer/tokenizer.h"
#include "lib/vocabulary/gguf_vocabulary.h"
#include "lib/vocabulary/tokenizer_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/text/test_texts.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using Ids = std::vector<std::int32_t>;
using Keys = std::map<std::string, GgufValue>;

void write_gguf(const std::string& path, const std::vector<std::pair<std::string, GgufValue>>& values) {
  GgufWriter writer(path);
  for (const auto& [key, value] : values) writer.add(key, value);
  writer.commit();
}

std::vector<std::string> byte_spellings() {
  const TokenizerFiles mini = read_tokenizer_files("testdata/mini");
  const auto values = gguf_vocabulary(mini.definition, mini.special, 4096);
  const Keys keys(values.begin(), values.end());
  std::vector<std::string> spellings;
  for (std::size_t id = 0; id < mini.definition.vocabulary.size(); ++id) {
    if (mini.definition.vocabulary[id].size() == 1)
      spellings.push_back(keys.at("tokenizer.ggml.tokens").as_texts()[id]);
  }
  return spellings;
}

// A byte-level file: the 256 bytes as 0 to 255, "ab" 256, <s> 257, <|im_end|> 258, a hole 259, "<think>" 260.
struct ByteLevelFile {
  ByteLevelFile() {
    tokens = byte_spellings();
    EXPECT_EQ(tokens.size(), 256u);
    tokens.insert(tokens.end(), {"ab", "<s>", "<|im_end|>", "[PAD259]", "<think>"});
    types.assign(257, 1);
    types.insert(types.end(), {3, 3, 5, 4});
    keys["tokenizer.ggml.model"] = GgufValue::text("gpt2");
    keys["tokenizer.ggml.pre"] = GgufValue::text("llama-bpe");
    keys["tokenizer.ggml.merges"] = GgufValue::texts({"a b"});
    keys["tokenizer.ggml.bos_token_id"] = GgufValue::u32(257);
  }
  std::string written() {
    keys["tokenizer.ggml.tokens"] = GgufValue::texts(tokens);
    keys["tokenizer.ggml.token_type"] = GgufValue::i32s(types);
    write_gguf(path, {keys.begin(), keys.end()});
    return path;
  }
  std::string error() {
    return error_of([&] { Tokenizer::load(written()); });
  }
  TemporaryFolder folder;
  std::string path = folder.file("x.gguf");
  std::vector<std::string> tokens;
  std::vector<std::int32_t> types;
  Keys keys;
};

TEST(GgufTokenizer, WhatWeWriteIsReadBack) {
  const TemporaryFolder folder;
  for (const std::string& path :
       std::vector<std::string>{"testdata/mini", "tests/tokenizer/data/byte_level", "tests/tokenizer/data/llama3_split",
                                "tests/tokenizer/data/llama", "tests/tokenizer/data/legacy_llama"}) {
    const TokenizerFiles files = read_tokenizer_files(path);
    const auto n = static_cast<std::int64_t>(files.definition.vocabulary.size());
    write_gguf(folder.file("x.gguf"), gguf_vocabulary(files.definition, files.special, n + 3));
    const Tokenizer original = Tokenizer::load(path), read = Tokenizer::load(folder.file("x.gguf"));
    EXPECT_EQ(read.vocab_size(), n + 3) << path;
    EXPECT_FALSE(read.has(static_cast<std::int32_t>(n)));
    EXPECT_EQ(read.bos_token_id(), original.bos_token_id()) << path;
    EXPECT_EQ(read.eos_token_id(), original.eos_token_id()) << path;
    EXPECT_EQ(read.pad_token_id(), original.pad_token_id()) << path;
    EXPECT_EQ(read.adds_bos(), original.adds_bos()) << path;
    for (std::int32_t id = 0; id < n; ++id) {
      ASSERT_EQ(read.token_bytes(id), original.token_bytes(id)) << path << " " << id;
      ASSERT_EQ(read.is_special(id), original.is_special(id)) << path << " " << id;
    }
    for (std::uint64_t i = 0; i < 1000; ++i) {
      Random random(21, "gguf", i);
      const std::string text = testing::random_text(random, random.below(60));
      ASSERT_EQ(read.encode(text, {.at_start = false}), original.encode(text, {.at_start = false})) << text;
      ASSERT_EQ(read.encode("a" + text), original.encode("a" + text)) << text;
    }
  }
}

TEST(GgufTokenizer, TypesAndRolesOfByteLevelFiles) {
  ByteLevelFile file;
  const Tokenizer tokenizer = Tokenizer::load(file.written());
  EXPECT_EQ(tokenizer.vocab_size(), 261);
  EXPECT_FALSE(tokenizer.has(259));
  EXPECT_EQ(tokenizer.token_id("<|im_end|>"), 258);
  // Control tokens in a text are text, user-defined ones are found.
  EXPECT_EQ(tokenizer.encode("ab<think>ab"), (Ids{256, 260, 256}));
  EXPECT_EQ(tokenizer.encode("<s>").size(), 3u);
  EXPECT_EQ(tokenizer.encode("<s>", {.parse_special = true}), (Ids{257}));
  EXPECT_TRUE(tokenizer.is_special(257) && !tokenizer.is_special(260));
  // llama-bpe begins with BOS unless the file says otherwise; no end token is named, so the known one ends a turn.
  EXPECT_TRUE(tokenizer.adds_bos());
  EXPECT_EQ(tokenizer.special().ends, (Ids{258}));
  file.keys["tokenizer.ggml.add_bos_token"] = GgufValue::boolean(false);
  file.keys["tokenizer.ggml.eos_token_id"] = GgufValue::u32(257);
  file.keys["tokenizer.ggml.eot_token_id"] = GgufValue::u32(260);
  const Tokenizer changed = Tokenizer::load(file.written());
  EXPECT_FALSE(changed.adds_bos());
  EXPECT_EQ(changed.special().ends, (Ids{257, 260}));
}

TEST(GgufTokenizer, SplitsAreThoseOfTheName) {
  ByteLevelFile file;
  file.tokens.insert(file.tokens.end(), {"12", "123"});
  file.types.insert(file.types.end(), {1, 1});
  file.keys["tokenizer.ggml.merges"] = GgufValue::texts({"a b", "1 2", "12 3"});
  for (const auto& [name, size] : std::map<std::string, std::size_t>{
           {"gpt-2", 1}, {"smollm", 3}, {"starcoder", 3}, {"qwen2", 3}, {"llama-bpe", 1}, {"dbrx", 1}, {"gpt-4o", 1}}) {
    file.keys["tokenizer.ggml.pre"] = GgufValue::text(name);
    EXPECT_EQ(Tokenizer::load(file.written()).encode("123").size(), size) << name;
  }
}

TEST(GgufTokenizer, SentencePieceMergesByScore) {
  const TemporaryFolder folder;
  const std::string path = folder.file("x.gguf");
  Keys keys;
  keys["tokenizer.ggml.model"] = GgufValue::text("llama");
  keys["tokenizer.ggml.tokens"] =
      GgufValue::texts({"<unk>", "<s>", "</s>", "<0x0A>", "a", "b", "c", "\u2581", "ab", "bc", "\u2581a", "<tool>"});
  const std::vector<std::int32_t> types{2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1, 4};
  keys["tokenizer.ggml.token_type"] = GgufValue::i32s(types);
  std::vector<float> scores{0, 0, 0, 0, -9, -9, -9, -9, -2, -1, -3, 0};
  keys["tokenizer.ggml.scores"] = GgufValue::f32s(scores);
  const auto load = [&] {
    write_gguf(path, {keys.begin(), keys.end()});
    return Tokenizer::load(path);
  };
  EXPECT_EQ(load().encode("abc"), (Ids{10, 9}));
  EXPECT_EQ(load().encode("a\n\xC3"), (Ids{10, 3, 0}));
  EXPECT_EQ(load().encode("b<tool>b"), (Ids{7, 5, 11, 7, 5}));
  EXPECT_EQ(load().bos_token_id(), 1);
  EXPECT_EQ(load().eos_token_id(), 2);
  EXPECT_TRUE(load().adds_bos());
  scores[8] = -0.5f;
  keys["tokenizer.ggml.scores"] = GgufValue::f32s(scores);
  keys["tokenizer.ggml.add_space_prefix"] = GgufValue::boolean(false);
  EXPECT_EQ(load().encode("abc"), (Ids{8, 6}));
  EXPECT_FALSE(load().strips_first_space());
  // Phi-3's special tokens take the spaces behind them along.
  EXPECT_EQ(load().encode("<tool> a"), (Ids{11, 10}));
  keys["general.architecture"] = GgufValue::text("phi3");
  EXPECT_EQ(load().encode("<tool> a"), (Ids{11, 4}));
}

TEST(GgufTokenizer, RefusesByKey) {
  const auto error = [](auto change) {
    ByteLevelFile file;
    change(file);
    const std::string found = file.error();
    EXPECT_TRUE(found.starts_with(file.path + ": ")) << found;
    return found.substr(std::min(found.size(), file.path.size() + 2));
  };
  EXPECT_EQ(error([](auto& file) { file.keys["tokenizer.ggml.model"] = GgufValue::text("bert"); }),
            "tokenizer.ggml.model: \"bert\" is not supported; gpt2 and llama are");
  EXPECT_TRUE(error([](auto& file) {
                file.keys["tokenizer.ggml.pre"] = GgufValue::text("default");
              }).starts_with("tokenizer.ggml.pre: the split pattern \"default\" is not supported; known are gpt-2, "));
  EXPECT_TRUE(error([](auto& file) {
                file.keys.erase("tokenizer.ggml.pre");
              }).starts_with("tokenizer.ggml.pre: missing, so it is not known how texts are split; "));
  EXPECT_EQ(error([](auto& file) { file.keys.erase("tokenizer.ggml.merges"); }),
            "metadata \"tokenizer.ggml.merges\" is missing");
  EXPECT_EQ(error([](auto& file) {
              file.keys["tokenizer.ggml.merges"] = GgufValue::texts({"a b", "a c"});
            }),
            "tokenizer.ggml.merges[1]: \"ac\" is not in the vocabulary");
  EXPECT_EQ(error([](auto& file) { file.types[4] = 7; }), "tokenizer.ggml.token_type[4]: there is no type 7");
  EXPECT_EQ(error([](auto& file) { file.types.pop_back(); }),
            "tokenizer.ggml.token_type: expected 261 values, one for each token, found 260");
  EXPECT_EQ(error([](auto& file) { file.tokens[5] = file.tokens[4]; }).substr(0, 23), "tokenizer.ggml.tokens: ");
}

TEST(GgufTokenizer, AFolderWithOneFileIsItsTokenizer) {
  ByteLevelFile file;
  const std::string path = file.written();
  EXPECT_EQ(Tokenizer::load(file.folder.path()).fingerprint(), Tokenizer::load(path).fingerprint());
  const auto found = tokenizer_fingerprint_in(path);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file, path);
  EXPECT_EQ(found->value, Tokenizer::load(path).fingerprint());
  // Roles and templates may differ between files of one model.
  file.keys["tokenizer.ggml.eos_token_id"] = GgufValue::u32(257);
  file.keys["tokenizer.chat_template"] = GgufValue::text("x");
  EXPECT_EQ(Tokenizer::load(file.written()).fingerprint(), found->value);
  file.tokens[259] = "[PAD]";
  EXPECT_NE(Tokenizer::load(file.written()).fingerprint(), found->value);
  // Files of Hugging Face in the folder come first.
  write_file(file.folder.file("tokenizer.json"), read_file("testdata/mini/tokenizer.json"));
  EXPECT_EQ(Tokenizer::load(file.folder.path()).vocab_size(), 4096);
  EXPECT_EQ(tokenizer_fingerprint_in(file.folder.path())->value, Tokenizer::load("testdata/mini").fingerprint());
}

}  // namespace
}  // namespace matinee
