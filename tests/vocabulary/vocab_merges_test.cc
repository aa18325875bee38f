#include "lib/vocabulary/vocab_merges.h"

#include <gtest/gtest.h>

#include "lib/base/file.h"
#include "lib/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;
using Ids = std::vector<std::int32_t>;

constexpr const char* kVocabulary = R"({"a":0,"b":1,"c":2,"ab":3,"bc":4,"abc":5,"\u0120":6})";

class VocabMerges : public ::testing::Test {
 protected:
  Tokenizer load(const std::string& merges, const std::string& vocabulary = kVocabulary) {
    write_file(folder_.file("vocab.json"), vocabulary);
    write_file(folder_.file("merges.txt"), merges);
    return Tokenizer::load(folder_.path());
  }
  std::string refusal(const std::string& merges, const std::string& vocabulary = kVocabulary) {
    return error_of([&] { load(merges, vocabulary); });
  }
  testing::TemporaryFolder folder_;
};

TEST_F(VocabMerges, LineEndsAndTheVersionLineDoNotMatter) {
  for (const char* merges : {"#version: 0.2\na b\nab c\n", "a b\nab c\n", "a b\nab c",
                             "#version: 0.2\r\na b\r\nab c\r\n", "a b\r\nab c", "a b\n\nab c\n\n"})
    EXPECT_EQ(load(merges).encode("abc ab"), (Ids{5, 6, 3})) << merges;
}

TEST_F(VocabMerges, AMergeListedTwiceHasItsLastRank) {
  EXPECT_EQ(load("a b\nb c\n").encode("abc"), (Ids{3, 2}));
  EXPECT_EQ(load("a b\nb c\na b\n").encode("abc"), (Ids{0, 4}));
}

TEST_F(VocabMerges, NamesTheLineThatIsWrong) {
  const std::string merges = folder_.file("merges.txt"), vocabulary = folder_.file("vocab.json");
  EXPECT_EQ(refusal("#version: 0.2\na b\nab\n"),
            merges + ": line 3: expected two tokens with a space between, found \"ab\"");
  EXPECT_EQ(refusal("a b\na x\n"), merges + ": line 2: \"x\" is not in the vocabulary");
  EXPECT_EQ(refusal("a c\n"), merges + ": line 1: \"ac\" is not in the vocabulary");
  EXPECT_EQ(refusal("", R"({"a":0,"b":0})"), vocabulary + ": id 0 is given twice, to \"b\" too");
  EXPECT_EQ(refusal("", "{}"), vocabulary + ": no tokens");
}

TEST_F(VocabMerges, AClassThatIsNotKnownIsRefused) {
  write_file(folder_.file("tokenizer_config.json"), R"({"tokenizer_class":"OtherTokenizer"})");
  EXPECT_NE(refusal("a b\n").find("tokenizer_class: \"OtherTokenizer\" is not known"), std::string::npos);
}

}  // namespace
}  // namespace matinee
