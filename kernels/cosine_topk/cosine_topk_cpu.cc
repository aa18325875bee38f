// Rows are cut into chunks and queries into batches; a task scores a chunk for a batch, 64 rows at a time, and keeps
// the best k of each query in a heap whose worst element is the threshold that most scores fail at once. Then the
// chunks' lists are merged. The order (score, then smaller row) is total, so the result does not depend on the chunks.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <new>

#include "kernels/context.h"
#include "kernels/cosine_topk/cosine_topk_kernels.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

constexpr std::int64_t kQueryBatch = 32;
constexpr std::int64_t kChunkRows = 16384;

struct Found {
  float score;
  std::int32_t id;
};

bool better(const Found& a, const Found& b) { return a.score > b.score || (a.score == b.score && a.id < b.id); }

// Collects the best `limit` of the offered rows in a heap with its worst element in front.
class Collector {
 public:
  Collector(Found* heap, std::int64_t limit) : heap_(heap), limit_(limit) {}

  // NaN never enters.
  void offer(float score, std::int32_t id) {
    if (score != score) return;
    const Found found{score, id};
    if (size_ < limit_) {
      heap_[size_++] = found;
      std::push_heap(heap_, heap_ + size_, better);
    } else if (better(found, heap_[0])) {
      std::pop_heap(heap_, heap_ + size_, better);
      heap_[size_ - 1] = found;
      std::push_heap(heap_, heap_ + size_, better);
    }
  }
  std::int64_t size() const { return size_; }

 private:
  Found* heap_;
  std::int64_t limit_, size_ = 0;
};

std::int64_t padded(std::int64_t dim) { return (dim + kScorePad - 1) / kScorePad * kScorePad; }

// A batch of queries times their weights, in the format of the storage: set after set, each padded with zeros.
struct PreparedQueries {
  std::int64_t stride = 0;
  float* values = nullptr;        // [n, stride], kF32 and kBF16
  std::int16_t* codes = nullptr;  // [n, stride], kI8
  float* scales = nullptr;        // [n, n_sets], kI8
  const void* data() const { return values != nullptr ? static_cast<const void*>(values) : codes; }
};

// Computes the codes of `values`; returns their scale, NaN if a value is not finite.
float quantize(const float* values, std::int64_t n, std::int16_t* codes) {
  float most = 0;
  bool finite = true;
  for (std::int64_t i = 0; i < n; ++i) {
    most = std::max(most, std::fabs(values[i]));
    finite = finite && std::isfinite(values[i]);
  }
  if (!finite) return std::numeric_limits<float>::quiet_NaN();
  if (most < std::numeric_limits<float>::min()) return 0;
  const float inverse = (1.0f / most) * 127.0f;
  for (std::int64_t i = 0; i < n; ++i) codes[i] = static_cast<std::int16_t>(std::nearbyint(values[i] * inverse));
  return most / 127.0f;
}

// Prepares the queries [first, first + n).
PreparedQueries prepare_queries(const CosineTopkArgs& args, std::int64_t first, std::int64_t n, Scratch& scratch) {
  PreparedQueries to;
  std::int64_t widest = 0;
  for (int s = 0; s < args.n_sets; ++s) {
    to.stride += padded(args.sets[s].dim);
    widest = std::max(widest, args.sets[s].dim);
  }
  const auto size = static_cast<std::size_t>(n * to.stride);
  const bool int8 = args.storage == DType::kI8;
  float* weighted = nullptr;
  if (int8) {
    to.codes = std::fill_n(scratch.take_array<std::int16_t>(size), size, std::int16_t{0}) - size;
    to.scales = scratch.take_array<float>(static_cast<std::size_t>(n * args.n_sets));
    weighted = scratch.take_array<float>(static_cast<std::size_t>(widest));
  } else {
    to.values = std::fill_n(scratch.take_array<float>(size), size, 0.0f) - size;
  }
  for (std::int64_t q = 0; q < n; ++q) {
    std::int64_t at = q * to.stride;
    for (int s = 0; s < args.n_sets; ++s) {
      const VectorSet& set = args.sets[s];
      float* values = int8 ? weighted : to.values + at;
      for (std::int64_t i = 0; i < set.dim; ++i) {
        values[i] = set.weights[first + q] * set.queries[(first + q) * set.dim + i];
        if (args.storage == DType::kBF16) values[i] = to_float(to_bf16(values[i]));
      }
      if (int8) to.scales[q * args.n_sets + s] = quantize(values, set.dim, to.codes + at);
      at += padded(set.dim);
    }
  }
  return to;
}

const std::uint64_t* filter_of(const CosineTopkArgs& args, std::int64_t query) {
  return args.filter == nullptr ? nullptr : args.filter + query * args.filter_stride;
}

// Scores rows [begin, end) for a batch of prepared queries and offers them to its collectors.
void search_chunk(const CosineTopkArgs& args, ScoreBlockFn score, std::int64_t first_query, std::int64_t n_queries,
                  const PreparedQueries& queries, std::int64_t begin, std::int64_t end, Collector* collectors) {
  alignas(64) float scores[kQueryBatch * kScoreRows];
  for (std::int64_t row = begin; row < end; row += kScoreRows) {
    std::uint64_t wanted = ~std::uint64_t{0};
    if (args.filter != nullptr) {
      wanted = 0;
      for (std::int64_t q = 0; q < n_queries; ++q) wanted |= filter_of(args, first_query + q)[row / 64];
    }
    if (wanted == 0) continue;
    ScoreBlock block{.n_queries = n_queries,
                     .n_rows = std::min(kScoreRows, end - row),
                     .n_sets = args.n_sets,
                     .storage = args.storage,
                     .dim = {},
                     .rows = {},
                     .row_scales = {},
                     .queries = queries.data(),
                     .query_stride = queries.stride,
                     .query_scales = queries.scales,
                     .scores = scores};
    for (int s = 0; s < args.n_sets; ++s) {
      const VectorSet& set = args.sets[s];
      const auto bytes = static_cast<std::int64_t>(size_of(args.storage));
      block.dim[s] = set.dim;
      block.rows[s] = static_cast<const std::byte*>(set.rows) + row * set.dim * bytes;
      block.row_scales[s] = set.row_scales == nullptr ? nullptr : set.row_scales + row;
    }
    score(block);
    for (std::int64_t q = 0; q < n_queries; ++q) {
      const std::uint64_t* filter = filter_of(args, first_query + q);
      const std::uint64_t allowed = filter == nullptr ? ~std::uint64_t{0} : filter[row / 64];
      for (std::int64_t r = 0; r < block.n_rows; ++r) {
        if ((allowed >> r & 1) != 0)
          collectors[q].offer(scores[q * kScoreRows + r], static_cast<std::int32_t>(row + r));
      }
    }
  }
}

}  // namespace

void cosine_topk_cpu(Context& context, const CosineTopkArgs& args) {
  const ScoreBlockFn score = context.isa() >= IsaLevel::kAvx512 ? score_block_avx512 : score_block_avx2;
  const std::int64_t limit = std::min(args.k, args.n_rows);
  // At least 16·k rows, so that the lists of all chunks together are much shorter than the rows.
  const std::int64_t chunk = std::max(kChunkRows, (16 * limit + kScoreRows - 1) / kScoreRows * kScoreRows);
  const std::int64_t n_chunks = (args.n_rows + chunk - 1) / chunk;

  for (std::int64_t first = 0; first < args.n_queries; first += kQueryBatch) {
    const std::int64_t n = std::min(kQueryBatch, args.n_queries - first);
    Scratch& scratch = context.scratch();
    const ScratchScope scope(scratch);
    auto* found = scratch.take_array<Found>(static_cast<std::size_t>(n_chunks * n * limit));
    auto* counts = scratch.take_array<std::int64_t>(static_cast<std::size_t>(n_chunks * n));
    const PreparedQueries queries = prepare_queries(args, first, n, scratch);
    context.pool().for_blocks(static_cast<std::size_t>(n_chunks), 1, [&](std::size_t index, std::size_t, int worker) {
      Scratch& own = context.worker_scratch(worker);
      const ScratchScope worker_scope(own);
      const auto c = static_cast<std::int64_t>(index);
      auto* collectors = own.take_array<Collector>(static_cast<std::size_t>(n));
      for (std::int64_t q = 0; q < n; ++q) new (collectors + q) Collector(found + (c * n + q) * limit, limit);
      search_chunk(args, score, first, n, queries, c * chunk, std::min(args.n_rows, (c + 1) * chunk), collectors);
      for (std::int64_t q = 0; q < n; ++q) counts[c * n + q] = collectors[q].size();
    });
    context.pool().for_blocks(static_cast<std::size_t>(n), 4, [&](std::size_t begin, std::size_t end, int worker) {
      Scratch& own = context.worker_scratch(worker);
      for (auto q = static_cast<std::int64_t>(begin); q < static_cast<std::int64_t>(end); ++q) {
        const ScratchScope worker_scope(own);
        auto* all = own.take_array<Found>(static_cast<std::size_t>(n_chunks * limit));
        std::int64_t size = 0;
        for (std::int64_t c = 0; c < n_chunks; ++c) {
          std::copy_n(found + (c * n + q) * limit, counts[c * n + q], all + size);
          size += counts[c * n + q];
        }
        std::sort(all, all + size, better);
        for (std::int64_t i = 0; i < args.k; ++i) {
          const bool there = i < std::min(size, limit);
          args.ids[(first + q) * args.k + i] = there ? all[i].id : -1;
          args.scores[(first + q) * args.k + i] = there ? all[i].score : -std::numeric_limits<float>::infinity();
        }
      }
    });
  }
}

}  // namespace matinee
