#include "lib/tokenizer/piece_cache.h"

#include <gtest/gtest.h>

#include <map>

#include "lib/vocabulary/token_index.h"
#include "tests/text/test_texts.h"

namespace matinee {
namespace {

TEST(PieceKey, DependsOnThePieceAloneAndTellsPiecesApart) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> seen;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Random random(22, "key", i);
    const std::string piece = i < 15 ? std::string(i + 1, '\0') : testing::random_bytes(random, 1 + random.below(15));
    const PieceKey key = PieceKey::of(piece, piece.size());
    const std::string longer = piece + testing::random_bytes(random, 16);
    EXPECT_TRUE(PieceKey::of(std::string_view(longer).substr(0, piece.size()), longer.size()) == key);
    const auto [entry, fresh] = seen.emplace(std::pair(key.low, key.high), piece);
    EXPECT_EQ(entry->second, piece);
  }
}

// Whatever it forgets, it never gives the ids of another piece.
TEST(ShortPieceTable, GivesBackWhatWasPutInOrNothing) {
  ShortPieceTable table;
  const auto ids_of = [](std::uint64_t i) {
    std::vector<std::int32_t> ids;
    for (std::uint64_t n = 0; n <= i % 6; ++n) ids.push_back(static_cast<std::int32_t>(i * 7 + n));
    return ids;
  };
  const auto key_of = [](std::uint64_t i) {
    const std::string piece = std::to_string(i);
    return PieceKey::of(piece, piece.size());
  };
  constexpr std::uint64_t kPieces = 400'000;  // three times what it holds
  std::uint64_t found_of_last = 0;
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    const std::vector<std::int32_t> ids = ids_of(i);
    table.insert(key_of(i), key_of(i).hash(), ids.data(), ids.size());
  }
  for (std::uint64_t i = 0; i < kPieces; ++i) {
    const auto* entry = table.find(key_of(i), key_of(i).hash());
    if (entry == nullptr) continue;
    std::vector<std::int32_t> out(16);
    out.resize(static_cast<std::size_t>(table.append(*entry, out.data()) - out.data()));
    ASSERT_EQ(out, ids_of(i)) << i;
    if (i + 10'000 >= kPieces) ++found_of_last;
  }
  EXPECT_GT(found_of_last, 9'000u);
}

TEST(LongPieceTable, GivesBackWhatWasPutInOrNothing) {
  LongPieceTable table;
  for (std::uint64_t i = 0; i < 40'000; ++i) {
    const std::string piece = "a piece of words, number " + std::to_string(i);
    const std::int32_t ids[2] = {static_cast<std::int32_t>(i), 3};
    ASSERT_EQ(table.find(piece, hash_bytes(piece)).count, 0u);
    table.insert(piece, hash_bytes(piece), ids, 2);
    const auto found = table.find(piece, hash_bytes(piece));
    ASSERT_EQ(found.count, 2u);
    ASSERT_EQ(found.first[0], static_cast<std::int32_t>(i));
  }
}

TEST(TokenIndex, FindsEveryTokenAndNoOther) {
  std::vector<std::string> vocabulary;
  for (int i = 0; i < 5000; ++i) vocabulary.push_back("token" + std::to_string(i * i));
  vocabulary.push_back("token4");
  TokenIndex index(vocabulary);
  for (std::int32_t id = 0; id < 5000; ++id) ASSERT_TRUE(index.insert(id));
  EXPECT_FALSE(index.insert(5000)) << "an equal token was there";
  for (std::int32_t id = 0; id < 5000; ++id) ASSERT_EQ(index.find(vocabulary[static_cast<std::size_t>(id)]), id);
  EXPECT_EQ(index.find("token5"), -1);
  EXPECT_EQ(index.find(""), -1);
  EXPECT_EQ(index.size(), 5000u);
}

}  // namespace
}  // namespace matinee
