#include "lib/train/token_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/temporary_folder.h"
#include "tests/train/tiny_run.h"

namespace matinee {
namespace {

using testing::error_of;
using testing::TemporaryFolder;
using testing::tiny_tokens;
using testing::TinyTokens;

struct Written {
  std::string operator()(const TinyTokens& tokens) const {
    tokens.write(path);
    return path;
  }
  std::string error(const TinyTokens& tokens) const {
    return error_of([&] { TokenDataset data((*this)(tokens)); });
  }
  TemporaryFolder folder;
  std::string path = folder.file("tokens.bin");
};

TEST(TokenDataset, EveryEpochHasEverySampleOnce) {
  const Written written;
  const TokenDataset data(written(tiny_tokens(101)));
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::uint32_t> seen;
    std::size_t count = 0;
    for (const PackedRow& row : data.rows_of_epoch(1, epoch)) {
      std::size_t tokens = 0;
      for (const std::uint32_t sample : row) {
        seen.insert(sample);
        ++count;
        tokens += data.input_ids(sample).size();
      }
      EXPECT_GT(tokens, 0u);
      EXPECT_LE(tokens, 16u);
    }
    EXPECT_EQ(count, 101u);
    EXPECT_EQ(seen.size(), 101u);
  }
}

TEST(TokenDataset, OrderIsAFunctionOfSeedAndEpoch) {
  const Written written;
  const TokenDataset data(written(tiny_tokens(50)));
  EXPECT_EQ(data.rows_of_epoch(1, 2), data.rows_of_epoch(1, 2));
  EXPECT_NE(data.rows_of_epoch(1, 2), data.rows_of_epoch(1, 3));
  EXPECT_NE(data.rows_of_epoch(1, 2), data.rows_of_epoch(2, 2));
}

TEST(TokenDataset, RowsAreWellFilled) {
  const Written written;
  TinyTokens tokens = tiny_tokens(2000);
  tokens.seq_len = 64;
  const TokenDataset data(written(tokens));
  const auto rows = data.rows_of_epoch(1, 0);
  EXPECT_LT(static_cast<double>(rows.size()) * 64, 1.05 * static_cast<double>(data.n_tokens()) + 64);
}

TEST(TokenDataset, TargetsAreTheNextSupervisedTokenOfTheSameSample) {
  const Written written;
  TinyTokens tokens;
  tokens.samples = {{{0, 5, 6, 7, 1}, 3}, {{0, 8, 1}, 1}};
  const TokenDataset data(written(tokens));
  EXPECT_EQ(data.n_supervised(), 4);
  const TokenBatch batch = data.batch(std::vector<PackedRow>{{0, 1}});
  EXPECT_EQ(batch.input_ids, (std::vector<std::int32_t>{0, 5, 6, 7, 1, 0, 8, 1}));
  EXPECT_EQ(batch.targets, (std::vector<std::int32_t>{-1, -1, 7, 1, -1, 8, 1, -1}));
  EXPECT_EQ(batch.segment_start, (std::vector<std::int32_t>{0, 0, 0, 0, 0, 5, 5, 5}));
  EXPECT_EQ(batch.positions, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 0, 1, 2}));
  EXPECT_EQ(batch.n_supervised, 4);
}

TEST(TokenDataset, CountsAreThoseOfTheBatch) {
  const Written written;
  const TokenDataset data(written(tiny_tokens(50)));
  const auto rows = data.rows_of_epoch(1, 0);
  for (std::size_t n = 0; n <= rows.size(); ++n) {
    const auto some = std::span(rows).first(n);
    const TokenBatch batch = data.batch(some);
    const TokenCounts counts = data.count(some);
    EXPECT_EQ(counts.tokens, batch.n_tokens());
    EXPECT_EQ(counts.supervised, batch.n_supervised);
  }
}

TEST(TokenDataset, KeepsSamplesOfWhichFewAreAmongMany) {
  const Written written;
  const std::string path = written(tiny_tokens(30));  // all different
  const TokenDataset all(path);
  const auto kept = [&](std::int64_t count, std::uint64_t seed) {
    TokenDataset data(path);
    data.keep(count, seed);
    EXPECT_EQ(data.n_samples(), count);
    EXPECT_EQ(data.fingerprint(), all.fingerprint());
    // The places in the file, found by the tokens; the file's order stays.
    std::vector<std::int64_t> places;
    std::int64_t place = 0, tokens = 0, supervised = 0;
    for (std::int64_t sample = 0; sample < count; ++sample) {
      const auto ids = data.input_ids(sample);
      while (place < all.n_samples() && !std::ranges::equal(all.input_ids(place), ids)) ++place;
      EXPECT_LT(place, all.n_samples());
      EXPECT_TRUE(std::ranges::equal(all.loss_mask(place), data.loss_mask(sample)));
      tokens += static_cast<std::int64_t>(ids.size());
      supervised += data.supervised_tokens(sample);
      places.push_back(place++);
    }
    EXPECT_EQ(data.n_tokens(), tokens);
    EXPECT_EQ(data.n_supervised(), supervised);
    return places;
  };
  const auto few = kept(7, 1), more = kept(20, 1), other = kept(7, 2);
  EXPECT_TRUE(std::ranges::includes(more, few));
  EXPECT_NE(few, other);
  EXPECT_NE(few, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
  TokenDataset data(path);
  data.keep(0, 1);
  EXPECT_EQ(data.n_samples(), 30);
  EXPECT_EQ(error_of([&] { data.keep(31, 1); }), "--samples: " + path + " has 30 samples, found 31");
}

TEST(TokenDataset, FingerprintDependsOnEveryPart) {
  const Written written;
  TinyTokens tokens = tiny_tokens(5);
  const std::uint64_t whole = TokenDataset(written(tokens)).fingerprint();
  EXPECT_EQ(TokenDataset(written(tokens)).fingerprint(), whole);
  tokens.samples[2].supervised_from = 3;
  EXPECT_NE(TokenDataset(written(tokens)).fingerprint(), whole);
  tokens = tiny_tokens(5);
  tokens.samples[4].ids[1] ^= 1;
  EXPECT_NE(TokenDataset(written(tokens)).fingerprint(), whole);
}

TEST(TokenDataset, RefusesInvalidSamples) {
  const Written written;
  TinyTokens tokens = tiny_tokens(3);
  tokens.eos_token_id = 31;
  EXPECT_EQ(written.error(tokens),
            written.path +
                ": no sample has a supervised end token (id 31); a model trained on it would never "
                "stop writing; make it again with tokenize, which ends every output with the end token");
  tokens = tiny_tokens(3);
  tokens.samples[1].ids[2] = 32;
  EXPECT_EQ(written.error(tokens), written.path + ": sample 1, token 2: expected an id in 0 to 31, found 32");
  tokens = tiny_tokens(3);
  tokens.samples[2].ids.assign(17, 4);
  EXPECT_EQ(written.error(tokens), written.path + ": sample 2: expected at most 16 tokens (seq_len), found 17");
  tokens = tiny_tokens(3);
  tokens.samples[1].ids.clear();
  EXPECT_NE(written.error(tokens).find("sample 1: expected offsets that rise"), std::string::npos);
  tokens.samples.clear();
  EXPECT_EQ(written.error(tokens), written.path + ": no samples");
}

TEST(TokenDataset, RefusesAnotherKindOfFile) {
  const Written written;
  SafetensorsWriter writer(written.path, "catalog");
  writer.commit();
  const std::string found = error_of([&] { TokenDataset data(written.path); });
  EXPECT_NE(found.find("catalog"), std::string::npos) << found;
  EXPECT_NE(found.find("tokens"), std::string::npos) << found;
}

}  // namespace
}  // namespace matinee
