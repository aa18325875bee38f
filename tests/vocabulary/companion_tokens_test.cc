#include "lib/vocabulary/companion_tokens.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/file.h"
#include "lib/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using Ids = std::vector<std::int32_t>;

constexpr EncodeOptions kAll{.parse_special = true};

// A folder with the files that some test wants.
struct Folder {
  TemporaryFolder folder;
  void write(const std::string& name, const std::string& content) const { write_file(folder.file(name), content); }
  Tokenizer load() const { return Tokenizer::load(folder.path()); }
};

struct Llama2 : Folder {
  explicit Llama2(const std::string& model) {
    std::filesystem::copy_file(model + "/tokenizer.model", folder.file("tokenizer.model"));
  }
};

struct ByteLevel : Folder {
  ByteLevel() {
    write("vocab.json", R"({"a":0,"b":1,"ab":2,"\u0120":3,"<|endoftext|>":4,"[":5,"]":6})");
    write("merges.txt", "a b\n");
  }
};

// The ids are those of LlamaTokenizer in transformers 5.24 with the same files.
TEST(CompanionTokens, OfASentencePieceFolder) {
  const std::string model = testing::real_data("tokenizers/llama2");
  if (model.empty()) GTEST_SKIP() << "REAL_DATA has no tokenizers/llama2";
  {
    const Llama2 chatml(model);
    chatml.write("added_tokens.json", R"({"<|im_end|>":32000,"<|im_start|>":32001,"<tool>":32002})");
    chatml.write("tokenizer_config.json",
                 R"({"bos_token":"<s>","eos_token":"<|im_end|>","unk_token":"<unk>","legacy":false})");
    chatml.write("special_tokens_map.json", R"({"additional_special_tokens":["<|im_start|>"]})");
    const Tokenizer tokenizer = chatml.load();
    EXPECT_EQ(tokenizer.vocab_size(), 32003);
    EXPECT_EQ(tokenizer.eos_token_id(), 32000);
    EXPECT_EQ(tokenizer.encode("hi", kAll), (Ids{7251}));
    EXPECT_EQ(tokenizer.encode("<|im_start|>user", kAll), (Ids{32001, 1792}));
    EXPECT_EQ(tokenizer.encode("a <tool> b", kAll), (Ids{263, 29871, 32002, 289}));
    EXPECT_EQ(tokenizer.encode(" a", kAll), (Ids{263}));
    EXPECT_EQ(tokenizer.encode("hi<|im_end|>\nb", kAll), (Ids{7251, 32000, 13, 29890}));
    EXPECT_EQ(tokenizer.encode("a<tool>b", kAll), (Ids{263, 32002, 29890}));
    EXPECT_EQ(tokenizer.encode("x</s>y", kAll), (Ids{921, 2, 29891}));
    // Special tokens that a user writes are text, other added tokens are not.
    EXPECT_EQ(tokenizer.encode("<tool>"), (Ids{32002}));
    EXPECT_GT(tokenizer.encode("<|im_start|>").size(), 3u);
    EXPECT_EQ(tokenizer.decode(Ids{32001, 1792}, {.skip_special = false}), "<|im_start|>user");
  }
  {
    const Llama2 decoder(model);
    decoder.write("tokenizer_config.json",
                  R"({"bos_token":"<s>","eos_token":"</s>","legacy":true,"added_tokens_decoder":{
                     "0":{"content":"<unk>","special":true},
                     "32000":{"content":"<tool>","rstrip":true,"special":false},
                     "32001":{"content":"<|im_end|>","special":true}}})");
    const Tokenizer tokenizer = decoder.load();
    EXPECT_EQ(tokenizer.encode("a <tool> b", kAll), (Ids{263, 29871, 32000, 289}));
    EXPECT_EQ(tokenizer.encode("hi<|im_end|>\nb", kAll), (Ids{7251, 32001, 29871, 13, 29890}));
    EXPECT_EQ(tokenizer.encode("a<tool>  b", kAll), (Ids{263, 32000, 289}));
    EXPECT_EQ(tokenizer.encode("x</s>y", kAll), (Ids{921, 2, 343}));
  }
  for (const char* added : {R"({"[PAD]":32000})", R"({})"}) {
    const Llama2 pad(model);
    pad.write("added_tokens.json", added);
    pad.write("tokenizer_config.json", R"({"bos_token":"<s>","eos_token":"</s>","pad_token":"[PAD]"})");
    const Tokenizer tokenizer = pad.load();
    EXPECT_EQ(tokenizer.vocab_size(), 32001);
    EXPECT_EQ(tokenizer.pad_token_id(), 32000);
    EXPECT_TRUE(tokenizer.is_special(32000));
    EXPECT_EQ(tokenizer.eos_token_id(), 2);
  }
  const Llama2 wrong(model);
  wrong.write("added_tokens.json", R"({"[PAD]":5})");
  EXPECT_EQ(error_of([&] { wrong.load(); }),
            wrong.folder.file("tokenizer.model") + ": id 5 is already \"<0x02>\" in the vocabulary");
}

TEST(CompanionTokens, OfVocabAndMerges) {
  const ByteLevel plain;
  EXPECT_EQ(plain.load().vocab_size(), 7);
  EXPECT_TRUE(plain.load().is_special(4));

  const ByteLevel added;
  added.write("added_tokens.json", R"({"<tool>":7,"<|im_end|>":9})");
  added.write("special_tokens_map.json",
              R"({"eos_token":{"content":"<|im_end|>","lstrip":false},"pad_token":"[PAD]","unk_token":"ab"})");
  const Tokenizer tokenizer = added.load();
  EXPECT_EQ(tokenizer.vocab_size(), 11);
  EXPECT_FALSE(tokenizer.has(8));
  EXPECT_EQ(tokenizer.pad_token_id(), 10);
  EXPECT_EQ(tokenizer.eos_token_id(), 9);
  EXPECT_EQ(tokenizer.encode("a<tool>ab", kAll), (Ids{0, 7, 2}));
  EXPECT_TRUE(tokenizer.is_special(9) && !tokenizer.is_special(7) && tokenizer.is_special(2));

  const ByteLevel described;
  described.write("tokenizer_config.json",
                  R"({"added_tokens_decoder":{"7":{"content":"<x>","lstrip":true},"4":{"content":"<|endoftext|>"}}})");
  described.write("added_tokens.json", R"({"<x>":12})");  // of an older version; the decoder counts
  EXPECT_EQ(described.load().encode("a  <x>b"), (Ids{0, 7, 1}));
  EXPECT_FALSE(described.load().is_special(4));
  described.write("tokenizer_config.json", R"({"added_tokens_decoder":{"7x":{"content":"<x>"}}})");
  EXPECT_EQ(error_of([&] { described.load(); }),
            described.folder.file("tokenizer_config.json") + ": added_tokens_decoder.7x: \"7x\" is no id");
}

TEST(CompanionTokens, ATokenizerJsonNeedsNoPadToken) {
  const Folder folder;
  folder.write("tokenizer.json", read_file("testdata/mini/tokenizer.json"));
  folder.write("tokenizer_config.json", R"({"eos_token":"<|eos|>","pad_token":"[PAD]"})");
  EXPECT_EQ(folder.load().pad_token_id(), -1);
}

}  // namespace
}  // namespace matinee
