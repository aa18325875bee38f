// Rows are encoded in tiles, which stay in the first- and second-level cache while all blocks of queries pass over
// them.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cosine_topk/topk_rows.h"
#include "kernels/cosine_topk/topk_search.h"

namespace matinee {
namespace {

constexpr std::int64_t kRowsPerTask = 4 * kScreenRows;

// What one worker needs to pass over rows.
class Screener {
 public:
  Screener(const TopkBatch& batch, const ScreenQueries& queries, const ScreenKernel& kernel, TopkCollector* collectors,
           Scratch& scratch)
      : batch_(batch),
        queries_(queries),
        kernel_(kernel),
        collectors_(collectors),
        block_(batch.score_block()),
        encoder_(batch.args, kernel, queries.stride, scratch),
        tile_(RowEncoder::take_tile(queries.stride, scratch)) {
    ids_ = scratch.take_array<std::int32_t>(kScreenRows);
    constexpr std::size_t kPairs = std::size_t{kScreenRows} * kScreenQueries;
    hits_ = scratch.take_array<ScreenHit>(kPairs);
    pairs_ = scratch.take_array<ScorePair>(kPairs);
    scores_ = scratch.take_array<float>(kPairs);
    screen_ = queries.batch;
    screen_.threshold = scratch.take_array<float>(static_cast<std::size_t>(queries.padded));
    // Infinity is reached by no row.
    std::fill_n(screen_.threshold, queries.padded, std::numeric_limits<float>::infinity());
    for (std::int64_t q = 0; q < queries.n; ++q) {
      collectors_[q].raise(batch.shared_threshold(q));
      set_threshold(q);
    }
  }

  void search(std::int64_t begin, std::int64_t end) {
    int n = 0;
    // Rows that no query may have are left out.
    for (std::int64_t first = begin; first < end; first += 64) {
      std::uint64_t bits = batch_.allowed_to_any(first / 64);
      if (end - first < 64) bits &= (std::uint64_t{1} << (end - first)) - 1;
      for (; bits != 0; bits &= bits - 1) {
        ids_[n++] = static_cast<std::int32_t>(first + std::countr_zero(bits));
        if (n < kScreenRows) continue;
        search_tile(n);
        n = 0;
      }
    }
    if (n > 0) search_tile(n);
  }

 private:
  // In units of the query's scale, as far below the threshold as it may be rounded.
  void set_threshold(std::int64_t q) const {
    const float scaled = collectors_[q].threshold() / queries_.scale[q];
    screen_.threshold[q] = scaled - std::fabs(scaled) * 0x1p-20f;
    if (std::isinf(scaled)) screen_.threshold[q] = std::min(scaled, std::numeric_limits<float>::max());
  }

  void search_tile(int n) {
    encoder_.encode(ids_, n, tile_);
    for (std::int64_t block = 0; block * kScreenQueries < queries_.n; ++block) {
      const std::int64_t left = std::min<std::int64_t>(kScreenQueries, queries_.n - block * kScreenQueries);
      const auto vectors = static_cast<int>((left + kernel_.lanes - 1) / kernel_.lanes);
      offer(block * kScreenQueries, kernel_.scan(tile_, screen_, block, vectors, hits_));
    }
  }

  // Scores the hits of a block while their rows are in the cache.
  void offer(std::int64_t first_query, std::int64_t n_hits) const {
    std::int64_t n = 0;
    for (std::int64_t i = 0; i < n_hits; ++i) {
      const auto q = static_cast<std::int32_t>(first_query + hits_[i].query);
      const std::int32_t row = ids_[hits_[i].row];
      if (q < queries_.n && (batch_.allowed(q, row / 64) >> row % 64 & 1) != 0) pairs_[n++] = {q, row};
    }
    batch_.score.pairs(block_, pairs_, n, scores_);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t q = pairs_[i].query;
      TopkCollector& collector = collectors_[q];
      // NaN reaches no threshold.
      if (!(scores_[i] >= collector.threshold()) || !collector.add(scores_[i], pairs_[i].row)) continue;
      collector.cut();
      batch_.share(q, collector);
      set_threshold(q);
    }
  }

  const TopkBatch& batch_;
  const ScreenQueries& queries_;
  const ScreenKernel& kernel_;
  TopkCollector* collectors_;
  ScoreBlock block_;
  RowEncoder encoder_;
  ScreenRows tile_;
  ScreenBatch screen_;
  std::int32_t* ids_ = nullptr;  // of the tile's rows
  ScreenHit* hits_ = nullptr;    // of a tile and a block of queries
  ScorePair* pairs_ = nullptr;   // those of them that are allowed
  float* scores_ = nullptr;
};

}  // namespace

void screened_search(TopkBatch& batch, Context& context) {
  const ScreenKernel& kernel = screen_kernel(context);
  const ScreenQueries queries = encode_queries(batch.args, batch.prepared, batch.n, kernel, context);
  guess_thresholds(batch, kernel, queries, context);
  const auto body = [&](std::size_t begin, std::size_t end, int worker) {
    Scratch& own = context.worker_scratch(worker);
    const ScratchScope scope(own);
    Screener screener(batch, queries, kernel, batch.collectors + worker * batch.n, own);
    screener.search(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end));
  };
  context.pool().for_blocks(static_cast<std::size_t>(batch.args.n_rows), kRowsPerTask, body);
}

}  // namespace matinee
