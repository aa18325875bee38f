// Few queries are scored against every row directly, 64 rows at a time (direct_search). Of more, the rows are first
// screened as int8 codes, and only pairs that may reach the k-th best score so far are scored (screened_search in
// topk_screening.cc). Workers claim ranges of rows; each keeps the best rows of its ranges for each query, and then
// these are merged. The order (score, then smaller row) is total and every score is computed in one way, so the result
// depends neither on the ranges nor on what was screened out.

#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <new>

#include "kernels/cosine_topk/topk_search.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

constexpr std::int64_t kQueryBatch = 1024;
constexpr std::int64_t kMostScreened = 1 << 16;  // dim; the sums of products of codes stay below 2^31
constexpr std::size_t kKeyBytes = std::size_t{64} << 20;

// Bit r: whether scores[r] of n <= kScoreRows reaches the threshold.
std::uint64_t reached_rows(const float* scores, std::int64_t n, float threshold) {
  const __m256 least = _mm256_set1_ps(threshold);
  std::uint64_t mask = 0;
  for (int i = 0; i < kScoreRows; i += 8) {
    const __m256 reached = _mm256_cmp_ps(_mm256_load_ps(scores + i), least, _CMP_GE_OQ);
    mask |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_ps(reached))) << i;
  }
  return n == kScoreRows ? mask : mask & ((std::uint64_t{1} << n) - 1);
}

// Scores rows [begin, end) for all queries of the batch; begin is a multiple of kScoreRows.
void search_rows(const TopkBatch& batch, std::int64_t begin, std::int64_t end, TopkCollector* collectors,
                 float* scores) {
  ScoreBlock block = batch.score_block();
  block.scores = scores;
  for (std::int64_t row = begin; row < end; row += kScoreRows) {
    if (batch.allowed_to_any(row / 64) == 0) continue;
    block.first_row = row;
    block.n_rows = std::min(kScoreRows, end - row);
    batch.score.block(block);
    for (std::int64_t q = 0; q < batch.n; ++q) {
      const float* of_query = scores + q * kScoreRows;
      std::uint64_t found =
          reached_rows(of_query, block.n_rows, collectors[q].threshold()) & batch.allowed(q, row / 64);
      for (; found != 0; found &= found - 1) {
        const int r = std::countr_zero(found);
        if (!collectors[q].add(of_query[r], static_cast<std::int32_t>(row + r))) continue;
        collectors[q].cut();
        batch.share(q, collectors[q]);
      }
    }
  }
}

void direct_search(const TopkBatch& batch, Context& context) {
  // Ranges of about 256 KB, so that all workers get some of a small catalog.
  std::int64_t row_bytes = 1;
  for (int s = 0; s < batch.args.n_sets; ++s)
    row_bytes += batch.args.sets[s].dim * static_cast<std::int64_t>(size_of(batch.args.storage));
  const std::int64_t rows = std::clamp<std::int64_t>((1 << 18) / row_bytes / kScoreRows, 1, 256) * kScoreRows;
  const auto body = [&](std::size_t begin, std::size_t end, int worker) {
    Scratch& own = context.worker_scratch(worker);
    const ScratchScope scope(own);
    auto* scores = own.take_array<float>(static_cast<std::size_t>(batch.n * kScoreRows));
    TopkCollector* collectors = batch.collectors + worker * batch.n;
    for (std::int64_t q = 0; q < batch.n; ++q) collectors[q].raise(batch.shared_threshold(q));
    search_rows(batch, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end), collectors, scores);
  };
  context.pool().for_blocks(static_cast<std::size_t>(batch.args.n_rows), static_cast<std::size_t>(rows), body);
}

// Merges what the workers found and writes the result of query q. Returns false if its guessed threshold was too high.
bool finish_query(const TopkBatch& batch, std::int64_t q, int workers, Scratch& scratch) {
  const ScratchScope scope(scratch);
  std::int64_t size = 0;
  for (int w = 0; w < workers; ++w) {
    const TopkCollector& collector = batch.collectors[w * batch.n + q];
    size += collector.end() - collector.begin();
  }
  auto* all = scratch.take_array<TopkKey>(static_cast<std::size_t>(size));
  TopkKey* end = all;
  for (int w = 0; w < workers; ++w) {
    const TopkCollector& collector = batch.collectors[w * batch.n + q];
    end = std::copy(collector.begin(), collector.end(), end);
  }
  size = std::min(size, batch.limit);
  std::partial_sort(all, all + size, end, std::greater<>());
  const std::int64_t k = batch.args.k, first = (batch.first_query + q) * k;
  for (std::int64_t i = 0; i < k; ++i) {
    batch.args.ids[first + i] = i < size ? row_of(all[i]) : -1;
    batch.args.scores[first + i] = i < size ? score_of(all[i]) : -std::numeric_limits<float>::infinity();
  }
  return batch.guessed == nullptr || std::isinf(batch.guessed[q]) ||
         (size == batch.limit && score_of(all[size - 1]) >= batch.guessed[q]);
}

void search_batch(Context& context, const CosineTopkArgs& args, std::int64_t first, std::int64_t n) {
  Scratch& scratch = context.scratch();
  const ScratchScope scope(scratch);
  const int workers = context.pool().threads();
  TopkBatch batch{.args = args,
                  .first_query = first,
                  .n = n,
                  .limit = std::min(args.k, args.n_rows),
                  .score = context.isa() >= IsaLevel::kAvx512 ? kScoreAvx512 : kScoreAvx2,
                  .prepared = prepare_queries(args, first, n, context)};
  const std::int64_t capacity = TopkCollector::capacity_for(batch.limit);
  const auto lists = static_cast<std::size_t>(workers * n);
  auto* keys = scratch.take_array<TopkKey>(lists * static_cast<std::size_t>(capacity));
  batch.collectors = scratch.take_array<TopkCollector>(lists);
  for (std::size_t i = 0; i < lists; ++i)
    new (batch.collectors + i) TopkCollector(keys + static_cast<std::int64_t>(i) * capacity, batch.limit);
  batch.shared = scratch.take_array<std::atomic<float>>(static_cast<std::size_t>(n));
  for (std::int64_t q = 0; q < n; ++q)
    new (batch.shared + q) std::atomic<float>(-std::numeric_limits<float>::infinity());

  // Encoding a row costs as much as scoring it directly for some queries.
  const bool screened = n >= kFewestScreened && 4 * batch.limit < args.n_rows && screen_stride(args) <= kMostScreened;
  if (screened) {
    screened_search(batch, context);
  } else {
    direct_search(batch, context);
  }
  auto* failed = scratch.take_array<bool>(static_cast<std::size_t>(n));
  context.pool().for_blocks(static_cast<std::size_t>(n), 4, [&](std::size_t begin, std::size_t end, int worker) {
    for (auto q = static_cast<std::int64_t>(begin); q < static_cast<std::int64_t>(end); ++q)
      failed[q] = !finish_query(batch, q, workers, context.worker_scratch(worker));
  });
  for (std::int64_t q = 0; q < n; ++q) {
    if (failed[q]) search_batch(context, args, first + q, 1);
  }
}

}  // namespace

void cosine_topk_cpu(Context& context, const CosineTopkArgs& args) {
  if (args.n_rows == 0) {
    std::fill_n(args.ids, args.n_queries * args.k, -1);
    std::fill_n(args.scores, args.n_queries * args.k, -std::numeric_limits<float>::infinity());
    return;
  }
  const auto bytes_of_query = static_cast<std::size_t>(TopkCollector::capacity_for(std::min(args.k, args.n_rows))) *
                              sizeof(TopkKey) * static_cast<std::size_t>(context.pool().threads());
  const std::int64_t most =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(kKeyBytes / bytes_of_query), 1, kQueryBatch);
  for (std::int64_t first = 0; first < args.n_queries; first += most)
    search_batch(context, args, first, std::min(most, args.n_queries - first));
}

}  // namespace matinee
