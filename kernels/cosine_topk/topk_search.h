#pragma once

// A search of a batch of queries on the CPU, in progress.

#include <atomic>
#include <bit>
#include <cstdint>

#include "kernels/cosine_topk/topk_collector.h"
#include "kernels/cosine_topk/topk_queries.h"

namespace matinee {

struct TopkBatch {
  const CosineTopkArgs& args;
  std::int64_t first_query = 0, n = 0;  ///< the queries of the batch
  std::int64_t limit = 0;               ///< rows to find for each
  const ScoreKernel& score;
  PreparedQueries prepared;
  TopkCollector* collectors = nullptr;   ///< [workers, n]
  std::atomic<float>* shared = nullptr;  ///< [n], the best threshold of any worker
  /// [n]: thresholds that a sample suggests. A query that finds fewer than `limit` rows is to be searched again.
  float* guessed = nullptr;

  /// All of a block but which rows it has and its scores.
  ScoreBlock score_block() const {
    ScoreBlock block{
        .n_queries = n, .n_sets = args.n_sets, .storage = args.storage, .dim = {}, .rows = {}, .row_scales = {}};
    for (int s = 0; s < args.n_sets; ++s) {
      block.dim[s] = args.sets[s].dim;
      block.rows[s] = args.sets[s].rows;
      block.row_scales[s] = args.sets[s].row_scales;
    }
    block.queries = prepared.data();
    block.query_stride = prepared.stride;
    block.query_scales = prepared.scales;
    return block;
  }

  /// The bits of the filter's word for query q of the batch.
  std::uint64_t allowed(std::int64_t q, std::int64_t word) const {
    return args.filter == nullptr ? ~std::uint64_t{0} : args.filter[(first_query + q) * args.filter_stride + word];
  }
  std::uint64_t allowed_to_any(std::int64_t word) const {
    if (args.filter_stride == 0) return allowed(0, word);
    std::uint64_t bits = 0;
    for (std::int64_t q = 0; q < n; ++q) bits |= allowed(q, word);
    return bits;
  }

  float shared_threshold(std::int64_t q) const { return shared[q].load(std::memory_order_relaxed); }
  /// Exchanges thresholds between a worker's collector of query q and the others.
  void share(std::int64_t q, TopkCollector& collector) const {
    float best = shared_threshold(q);
    while (best < collector.threshold() &&
           !shared[q].compare_exchange_weak(best, collector.threshold(), std::memory_order_relaxed)) {
    }
    collector.raise(best);
  }
};

/// From so many queries on, screened_search() is faster than scoring every pair.
constexpr std::int64_t kFewestScreened = 6;

/// Raises the collectors' thresholds to what a sample of the rows suggests, and sets batch.guessed.
void guess_thresholds(TopkBatch& batch, const ScreenKernel& kernel, const ScreenQueries& queries, Context& context);

/// Offers to the collectors all rows that may be among the best.
void screened_search(TopkBatch& batch, Context& context);

}  // namespace matinee
