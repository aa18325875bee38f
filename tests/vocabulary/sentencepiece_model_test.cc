#include "lib/vocabulary/sentencepiece_model.h"

#include <gtest/gtest.h>

#include <cstring>

#include "lib/base/random.h"
#include "lib/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

// A ModelProto, field by field.
class Proto {
 public:
  Proto& number(std::uint32_t field, std::uint64_t value) {
    varint(field << 3);
    varint(value);
    return *this;
  }
  Proto& text(std::uint32_t field, std::string_view value) {
    varint(field << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Proto& real(std::uint32_t field, float value) {
    varint(field << 3 | 5);
    char raw[4];
    std::memcpy(raw, &value, 4);
    bytes_.append(raw, 4);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

std::string piece(std::string_view text, float score, std::uint64_t type = 1) {
  return Proto().text(1, text).real(2, score).number(3, type).bytes();
}

struct Options {
  std::uint64_t model_type = 2;
  bool bytes = true, dummy_prefix = true, single_spaces = false;
  std::string extra_piece = "", table = "";
};

// <unk> <s> </s>, bytes, then merges: "▁a" before "ab", so that " ab" is "▁a" "b".
std::string model(const Options& options = {}) {
  Proto all;
  all.text(1, piece("<unk>", 0, 2)).text(1, piece("<s>", 0, 3)).text(1, piece("</s>", 0, 3));
  if (options.bytes) {
    for (int b = 0; b < 256; ++b) {
      char name[8];
      std::snprintf(name, sizeof name, "<0x%02X>", b);
      all.text(1, piece(name, 0, 6));
    }
  }
  all.text(1, piece("\u2581a", -1)).text(1, piece("ab", -2)).text(1, piece("cc", -2)).text(1, piece("<x>", 0, 4));
  for (const char* letter : {"\u2581", "a", "b", "c"}) all.text(1, piece(letter, -10));
  if (!options.extra_piece.empty()) all.text(1, options.extra_piece);
  all.text(2, Proto().number(3, options.model_type).number(35, options.bytes ? 1 : 0).number(41, 1).bytes());
  all.text(3, Proto()
                  .text(1, "identity")
                  .text(2, options.table)
                  .number(3, options.dummy_prefix ? 1 : 0)
                  .number(4, options.single_spaces ? 1 : 0)
                  .bytes());
  return all.bytes();
}

std::vector<std::string> pieces(const std::string& bytes, std::string_view text) {
  const Tokenizer tokenizer(parse_sentencepiece_model(bytes, "m"), {});
  std::vector<std::string> spelled;
  for (const std::int32_t id : tokenizer.encode(text)) spelled.emplace_back(tokenizer.token_bytes(id));
  return spelled;
}
using Pieces = std::vector<std::string>;

TEST(SentencePieceModel, MergesByScoreAndFromTheLeft) {
  EXPECT_EQ(pieces(model(), "ab"), (Pieces{" a", "b"}));
  EXPECT_EQ(pieces(model(), "bab"), (Pieces{" ", "b", "ab"}));
  EXPECT_EQ(pieces(model(), "ccc"), (Pieces{" ", "cc", "c"}));
  EXPECT_EQ(pieces(model({.dummy_prefix = false}), "ccab"), (Pieces{"cc", "ab"}));
}

TEST(SentencePieceModel, SpacesUserDefinedPiecesAndBytes) {
  EXPECT_EQ(pieces(model(), "a  b"), (Pieces{" a", " ", " ", "b"}));
  EXPECT_EQ(pieces(model({.single_spaces = true}), "  a  b "), (Pieces{" a", " ", "b"}));
  // The original takes marks for spaces at the end, and there only.
  EXPECT_EQ(pieces(model({.single_spaces = true}), "a\u2581 b \u2581\u2581 "), (Pieces{" a", " ", " ", "b"}));
  EXPECT_EQ(pieces(model(), "a<x>b"), (Pieces{" a", "<x>", "b"}));
  EXPECT_EQ(pieces(model(), "<s>"), (Pieces{" ", "<", "s", ">"})) << "control pieces are never found in text";
  EXPECT_EQ(pieces(model(), "\u00e9"), (Pieces{" ", "\xC3", "\xA9"}));
  EXPECT_EQ(pieces(model(), "\xff"), (Pieces{" ", "\xEF", "\xBF", "\xBD"})) << "a byte that is no UTF-8 is U+FFFD";
  // Without byte pieces a run of unknown characters is one unknown piece.
  const Tokenizer tokenizer(parse_sentencepiece_model(model({.bytes = false}), "m"), {});
  EXPECT_EQ(tokenizer
                .encode("a\u00e9\u00e8"
                        "b")
                .size(),
            3u);
}

TEST(SentencePieceModel, DecodesWithoutTheDummyPrefix) {
  const Tokenizer tokenizer(parse_sentencepiece_model(model(), "m"), {});
  for (const char* text : {"ab cc", " a", "\u00e9 ab", "<x>"})
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
}

TEST(SentencePieceModel, RefusesByNameWhatItIsNot) {
  const auto refusal = [](const std::string& bytes) {
    return error_of([&] { parse_sentencepiece_model(bytes, "m"); });
  };
  EXPECT_EQ(refusal(model({.model_type = 1})), "m: a SentencePiece unigram model is not supported, BPE is");
  EXPECT_EQ(refusal(model({.table = "x"})), "m: the normalization table \"identity\" is not supported, identity is");
  EXPECT_EQ(refusal(model({.extra_piece = piece("a", -3)})), "m: piece 267: \"a\" is there twice");
  EXPECT_EQ(refusal(model({.extra_piece = piece("zz", -3, 5)})),
            "m: piece 267: \"zz\" is unused, which is not supported");
  EXPECT_EQ(refusal(model({.extra_piece = piece("<0xZZ>", 0, 6)})), "m: piece 267: \"<0xZZ>\" spells no byte");
  EXPECT_EQ(refusal(""), "m: not a SentencePiece model: it has no pieces");
  const std::string whole = model();
  for (std::size_t size = 1; size < whole.size(); size += 7) {
    const std::string error = refusal(whole.substr(0, size));
    EXPECT_TRUE(error.starts_with("m: ")) << size << ": " << error;
  }
}

TEST(SentencePieceModel, AnyBytesAreReadOrRefused) {
  const std::string whole = model();
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Random random(3, "damage", i);
    std::string bytes = whole;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n)
      bytes[static_cast<std::size_t>(random.below(bytes.size()))] = static_cast<char>(random.below(256));
    (void)error_of([&] { (void)pieces(bytes, "ab cc\u00e9<x>"); });
  }
}

}  // namespace
}  // namespace matinee
