// Estimates the k-th best score from a sample of the rows, so that few rows outside the best k become candidates. A
// guess that is too high is detected at the end.

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cosine_topk/topk_rows.h"
#include "kernels/cosine_topk/topk_search.h"

namespace matinee {
namespace {

constexpr int kMostRank = 40;

// Every row that a common filter allows, or all rows.
std::int64_t count_rows(const CosineTopkArgs& args) {
  if (args.filter == nullptr) return args.n_rows;
  std::int64_t count = 0;
  for (std::int64_t word = 0; word < (args.n_rows + 63) / 64; ++word) count += std::popcount(args.filter[word]);
  return count;
}

// `n` of `count` rows, evenly spread.
void choose_rows(const CosineTopkArgs& args, std::int64_t count, std::int64_t n, std::int32_t* ids) {
  std::int64_t chosen = 0;
  if (args.filter == nullptr) {
    for (; chosen < n; ++chosen) ids[chosen] = static_cast<std::int32_t>(chosen * count / n);
    return;
  }
  std::int64_t seen = 0;
  for (std::int64_t word = 0; chosen < n; ++word) {
    for (std::uint64_t bits = args.filter[word]; bits != 0 && chosen < n; bits &= bits - 1, ++seen) {
      if (seen == chosen * count / n) ids[chosen++] = static_cast<std::int32_t>(word * 64 + std::countr_zero(bits));
    }
  }
}

// The largest `rank` values of each query of a block, in descending order.
class BestOfBlock {
 public:
  BestOfBlock(int rank, Scratch& scratch)
      : rank_(rank), best_(scratch.take_array<float>(static_cast<std::size_t>(rank) * kScreenQueries)) {
    std::fill_n(best_, rank * kScreenQueries, -std::numeric_limits<float>::infinity());
  }

  void offer(const std::int32_t* dots, float scale) {
    float value[kScreenQueries];
    for (int q = 0; q < kScreenQueries; ++q) value[q] = static_cast<float>(dots[q]) * scale;
    for (int i = 0; i < rank_; ++i) {
      float* best = best_ + i * kScreenQueries;
      for (int q = 0; q < kScreenQueries; ++q) {
        const float high = std::max(best[q], value[q]);
        value[q] = std::min(best[q], value[q]);
        best[q] = high;
      }
    }
  }
  float last(std::int64_t q) const { return best_[(rank_ - 1) * kScreenQueries + q]; }

 private:
  int rank_;
  float* best_;
};

}  // namespace

void guess_thresholds(TopkBatch& batch, const ScreenKernel& kernel, const ScreenQueries& queries, Context& context) {
  const CosineTopkArgs& args = batch.args;
  if (args.filter != nullptr && args.filter_stride != 0) return;
  const std::int64_t count = count_rows(args);
  const std::int64_t tiles = std::clamp<std::int64_t>(count / (32 * kScreenRows), 2, 16), n = tiles * kScreenRows;
  // The number of the sample's rows among the best has about a Poisson distribution. The rank is above its mean by
  // more than three standard deviations, so one guess in a thousand is too high.
  const double expected = static_cast<double>(batch.limit) * static_cast<double>(n) / static_cast<double>(count);
  const int rank = static_cast<int>(expected + 3.3 * std::sqrt(expected) + 2);
  if (count < 4 * n || rank > kMostRank) return;

  Scratch& scratch = context.scratch();
  batch.guessed = scratch.take_array<float>(static_cast<std::size_t>(batch.n));
  const ScratchScope scope(scratch);
  auto* ids = scratch.take_array<std::int32_t>(static_cast<std::size_t>(n));
  choose_rows(args, count, n, ids);
  auto* sample = scratch.take_array<ScreenRows>(static_cast<std::size_t>(tiles));
  for (std::int64_t t = 0; t < tiles; ++t) sample[t] = RowEncoder::take_tile(queries.stride, scratch);
  context.pool().for_blocks(static_cast<std::size_t>(tiles), 1, [&](std::size_t t, std::size_t, int worker) {
    Scratch& own = context.worker_scratch(worker);
    const ScratchScope worker_scope(own);
    const RowEncoder encoder(args, kernel, queries.stride, own);
    encoder.encode(ids + static_cast<std::int64_t>(t) * kScreenRows, kScreenRows, sample[t]);
  });

  const auto blocks = static_cast<std::size_t>(queries.padded / kScreenQueries);
  context.pool().for_blocks(blocks, 1, [&](std::size_t index, std::size_t, int worker) {
    Scratch& own = context.worker_scratch(worker);
    const ScratchScope worker_scope(own);
    const auto block = static_cast<std::int64_t>(index), first = block * kScreenQueries;
    auto* dots = own.take_array<std::int32_t>(static_cast<std::size_t>(kScreenRows) * kScreenQueries);
    BestOfBlock best(rank, own);
    for (std::int64_t t = 0; t < tiles; ++t) {
      kernel.multiply(sample[t], queries.batch, block, kScreenQueries / kernel.lanes, dots);
      for (int r = 0; r < kScreenRows; ++r) {
        const float scale = 1 / sample[t].inverse_scale[r];
        if (scale == scale) best.offer(dots + r * kScreenQueries, scale);
      }
    }
    for (std::int64_t q = first; q < std::min(batch.n, first + kScreenQueries); ++q) {
      const float guess = best.last(q - first) * queries.scale[q];
      batch.guessed[q] = std::isfinite(guess) ? guess : -std::numeric_limits<float>::infinity();
      batch.shared[q].store(batch.guessed[q], std::memory_order_relaxed);
    }
  });
}

}  // namespace matinee
