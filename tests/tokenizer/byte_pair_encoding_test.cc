#include "lib/tokenizer/byte_pair_encoding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lib/vocabulary/tokenizer_json.h"
#include "tests/support/temporary_folder.h"
#include "tests/text/test_texts.h"
#include "tests/tokenizer/small_tokenizers.h"

namespace matinee {
namespace {

// The definition, word by word: find the pair of lowest rank, the leftmost of these, merge it; until there is none.
std::vector<std::int32_t> merge_naively(const TokenizerDefinition& definition, std::vector<std::int32_t> symbols) {
  for (;;) {
    std::size_t best_rank = definition.merges.size(), best_at = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
      for (std::size_t rank = 0; rank < best_rank; ++rank)
        if (definition.merges[rank] == std::pair(symbols[i], symbols[i + 1])) best_rank = rank, best_at = i;
    if (best_rank == definition.merges.size()) return symbols;
    symbols[best_at] = definition.merged[best_rank];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
}

TokenizerDefinition byte_level() { return read_tokenizer_json(testing::text_data("byte_level/tokenizer.json")); }

TEST(BytePairEncoding, ScanAndHeapEqualTheDefinition) {
  const TokenizerDefinition definition = byte_level();
  const BytePairEncoding encoding(definition);
  const std::string alphabet = "abcdefghilmnorstuvw eee ttt";
  for (std::uint64_t i = 0; i < 150; ++i) {
    Random random(3, "merge", i);
    std::string piece;
    const std::size_t size = 1 + random.below(70);
    while (piece.size() < size) piece += random.pick(alphabet);
    std::vector<std::int32_t> symbols;
    for (const char c : piece) symbols.push_back(encoding.find(std::string(1, c)));
    PieceCache cache;
    std::vector<std::int32_t> ids;
    encoding.encode(piece, cache, ids);
    ASSERT_EQ(ids, merge_naively(definition, symbols)) << piece;
  }
}

// Cutting where no token reaches across, remembering the parts: no id changes.
TEST(BytePairEncoding, PartsEqualTheDefinitionOfTheWhole) {
  for (const char* name : {"byte_level/tokenizer.json", "llama3_split/tokenizer.json"}) {
    const TokenizerDefinition definition = read_tokenizer_json(testing::text_data(name));
    const BytePairEncoding encoding(definition);
    PieceCache cache;
    for (std::uint64_t i = 0; i < 300; ++i) {
      Random random(23, "parts", i);
      const std::string piece = i % 4 == 0 ? testing::random_bytes(random, 1 + random.below(40))
                                           : testing::random_text(random, 1 + random.below(24));
      if (encoding.find(piece) >= 0) continue;  // llama3_split takes whole pieces before it merges
      std::vector<std::int32_t> symbols, ids;
      for (const char c : piece) symbols.push_back(encoding.find(std::string(1, c)));
      encoding.encode(piece, cache, ids);
      ASSERT_EQ(ids, merge_naively(definition, symbols)) << name << ": " << piece;
    }
  }
}

// Long parts are merged block after block; what stands at the borders must come out as if all was merged at once.
TEST(BytePairEncoding, BlocksEqualTheDefinitionOfTheWhole) {
  // Tokens that overlap in many ways, so that borders rarely fit at first.
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  TokenizerDefinition definition;
  definition.byte_level = true;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(25, "tokens", seed);
    definition.vocabulary = tokens;
    definition.merges.clear();
    definition.merged.clear();
    while (definition.vocabulary.size() < 256 + 24) {
      const auto side = [&] {
        const std::size_t made = definition.vocabulary.size() - 256;
        return made > 0 && random.chance(0.6) ? static_cast<std::int32_t>(256 + random.below(made))
                                              : static_cast<std::int32_t>('a' + random.below(2));
      };
      const std::int32_t left = side(), right = side();
      const std::string joined = definition.vocabulary[static_cast<std::size_t>(left)] +
                                 definition.vocabulary[static_cast<std::size_t>(right)];
      if (std::ranges::find(definition.vocabulary, joined) != definition.vocabulary.end()) continue;
      definition.merges.emplace_back(left, right);
      definition.merged.push_back(static_cast<std::int32_t>(definition.vocabulary.size()));
      definition.vocabulary.push_back(joined);
    }
    definition.defined.assign(definition.vocabulary.size(), true);
    const BytePairEncoding encoding(definition);
    PieceCache cache;
    for (int i = 0; i < 40; ++i) {
      std::string piece;
      const std::size_t size = 65 + random.below(300);
      const std::string unit = i % 4 == 0 ? "a" : i % 4 == 1 ? "ab" : i % 4 == 2 ? "aab" : "";
      while (piece.size() < size) piece += unit.empty() ? std::string(1, random.chance(0.5) ? 'a' : 'b') : unit;
      std::vector<std::int32_t> symbols, ids;
      for (const char c : piece) symbols.push_back(encoding.find(std::string(1, c)));
      encoding.encode(piece, cache, ids);
      ASSERT_EQ(ids, merge_naively(definition, symbols)) << "vocabulary " << seed << ": " << piece;
    }
  }
}

TEST(BytePairEncoding, CacheNeverChangesAResult) {
  const TokenizerDefinition definition = byte_level();
  const BytePairEncoding encoding(definition);
  PieceCache kept;
  for (std::uint64_t i = 0; i < 120000; ++i) {  // more pieces than the cache holds
    const std::string piece = " word" + std::to_string(i % 70000);
    std::vector<std::int32_t> ids;
    encoding.encode(piece, kept, ids);
    if (i % 997 != 0) continue;
    PieceCache fresh;
    std::vector<std::int32_t> again;
    encoding.encode(piece, fresh, again);
    ASSERT_EQ(ids, again) << piece;
  }
}

TEST(BytePairEncoding, ACacheMayServeSeveralEncodings) {
  const TokenizerDefinition one = byte_level();
  const TokenizerDefinition other = read_tokenizer_json(testing::text_data("llama/tokenizer.json"));
  const BytePairEncoding first(one), second(other);
  PieceCache cache, fresh;
  std::vector<std::int32_t> ids, expected;
  first.encode("movie", cache, ids);
  ids.clear();
  second.encode("movie", cache, ids);
  second.encode("movie", fresh, expected);
  EXPECT_EQ(ids, expected);
}

// Counted, not timed: pairs looked at grow no faster than n log n.
TEST(BytePairEncoding, NoInputIsQuadratic) {
  const Tokenizer byte_level_kind = testing::small_tokenizer("byte_level");
  const Tokenizer llama_kind = testing::small_tokenizer("llama");
  for (const Tokenizer* tokenizer : {&byte_level_kind, &llama_kind}) {
    for (const std::string unit : {"a", " ", "e", "th", "movie", "\xE2\x96\x81", "\n"}) {
      const auto pairs = [&](std::size_t bytes) {
        std::string text;
        while (text.size() < bytes) text += unit;
        PieceCache cache;
        std::vector<std::int32_t> ids;
        tokenizer->encode(text, {}, cache, ids);
        return static_cast<double>(cache.pairs_examined());
      };
      EXPECT_LE(pairs(1 << 17), 10.0 * (1 << 17)) << "of \"" << unit << "\"";
      EXPECT_LE(pairs(1 << 17), 9.5 * std::max(pairs(1 << 14), 10.0)) << "of \"" << unit << "\"";
    }
  }
}

TEST(BytePairEncoding, NamesBytesThatTheVocabularyCannotSpell) {
  const TokenizerDefinition definition =
      parse_tokenizer_json(R"({"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}})", "small.json");
  const BytePairEncoding encoding(definition);
  PieceCache cache;
  std::vector<std::int32_t> ids;
  encoding.encode("abb", cache, ids);
  EXPECT_EQ(ids, (std::vector<std::int32_t>{2, 1}));
  EXPECT_EQ(testing::error_of([&] { encoding.encode("a\u00e9", cache, ids); }),
            "the vocabulary has no token for the bytes C3A9 and no unknown token");
}

TEST(BytePairEncoding, UnknownCharactersFuseWhereTheModelSaysSo) {
  for (const bool fuse : {false, true}) {
    const TokenizerDefinition definition =
        parse_tokenizer_json(std::string(R"({"model":{"type":"BPE","unk_token":"?","fuse_unk":)") +
                                 (fuse ? "true" : "false") + R"(,"vocab":{"?":0,"a":1},"merges":[]}})",
                             "small.json");
    const BytePairEncoding encoding(definition);
    PieceCache cache;
    std::vector<std::int32_t> ids;
    encoding.encode(
        "a\u00e9\u00e9"
        "a",
        cache, ids);
    EXPECT_EQ(ids, (fuse ? std::vector<std::int32_t>{1, 0, 1} : std::vector<std::int32_t>{1, 0, 0, 1}));
  }
}

}  // namespace
}  // namespace matinee
