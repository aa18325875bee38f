#include "kernels/matmul/matmul_blocks.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <new>

#include "kernels/check.h"
#include "kernels/matmul/matmul_kernels.h"
#include "kernels/round_bf16/round_bf16.h"

namespace matinee {
namespace {

constexpr std::int64_t kPairsPerLine = 16;  // dwords of a cache line

std::int64_t blocks_of(std::int64_t n, std::int64_t block) { return (n + block - 1) / block; }

// A copy of n floats, rounded to bfloat16 values.
const float* rounded(Scratch& scratch, std::int64_t n, const float* x) {
  auto* copy = scratch.take_array<float>(static_cast<std::size_t>(n));
  widen(x, false, true, n, copy);
  return copy;
}

}  // namespace

void sgemm(const SgemmArgs& args) {
  if (args.m == 0 || args.n == 0) return;
  if (args.k == 0) {
    for (std::int64_t i = 0; i < args.m && !args.accumulate; ++i) std::fill_n(args.c + i * args.c_stride, args.n, 0.0f);
    return;
  }
  // MATINEE_ISA limits oneDNN too. Once per process, before its first product.
  static const dnnl_status_t limited =
      dnnl_set_max_cpu_isa(isa_level() == IsaLevel::kAvx2     ? dnnl_cpu_isa_avx2
                           : isa_level() == IsaLevel::kAvx512 ? dnnl_cpu_isa_avx512_core
                                                              : dnnl_cpu_isa_all);
  static_cast<void>(limited);
  // oneDNN's own threads are OpenMP's. This setting is per calling thread.
  static thread_local const bool alone = (omp_set_num_threads(1), true);
  static_cast<void>(alone);
  const auto status = dnnl_sgemm(args.left_transposed ? 'T' : 'N', args.right_transposed ? 'T' : 'N', args.m, args.n,
                                 args.k, 1.0f, args.left, args.left_stride, args.right, args.right_stride,
                                 args.accumulate ? 1.0f : 0.0f, args.c, args.c_stride);
  if (status == dnnl_out_of_memory) throw std::bad_alloc();
  require(status == dnnl_success, "sgemm", "oneDNN accepts the product");
}

void widen(const void* source, bool is_bf16, bool round, std::int64_t n, float* to) {
  if (is_bf16) {
    const auto* from = static_cast<const bf16*>(source);
    for (std::int64_t i = 0; i < n; ++i) to[i] = to_float(from[i]);
  } else if (round) {
    const auto* from = static_cast<const float*>(source);
    for (std::int64_t i = 0; i < n; ++i) to[i] = to_float(to_bf16(from[i]));
  } else {
    std::copy_n(static_cast<const float*>(source), n, to);
  }
}

Factors factors_of(const Context& context, MatmulPrecision precision) {
  if (precision == MatmulPrecision::kF32) return Factors::kF32;
  return context.isa() >= IsaLevel::kAvx512Bf16 ? Factors::kPairs : Factors::kRounded;
}

Operand left_rows(Scratch& scratch, Factors factors, std::int64_t n_rows, std::int64_t k, const float* x,
                  std::int64_t x_stride) {
  if (factors == Factors::kF32) return {.values = x, .stride = x_stride};
  if (factors == Factors::kPairs) {
    const std::int64_t stride = (k + 1) / 2;
    auto* pairs = scratch.take_array<std::uint32_t>(static_cast<std::size_t>(n_rows * stride));
    round_rows_avx512bf16(x, x_stride, n_rows, k, pairs, stride);
    return {.pairs = pairs, .stride = stride};
  }
  auto* copy = scratch.take_array<float>(static_cast<std::size_t>(n_rows * k));
  for (std::int64_t row = 0; row < n_rows; ++row) widen(x + row * x_stride, false, true, k, copy + row * k);
  return {.values = copy, .stride = k};
}

Operand left_rows(const bf16* rounded, std::int64_t k, std::int64_t row) {
  const std::int64_t stride = bf16_stride(k);
  return {.pairs = reinterpret_cast<const std::uint32_t*>(rounded + row * stride), .stride = stride / 2};
}

Operand right_columns(Scratch& scratch, Factors factors, std::int64_t k, std::int64_t width, const float* x,
                      std::int64_t x_stride) {
  if (factors != Factors::kPairs) return left_rows(scratch, factors, k, width, x, x_stride);
  auto* panel = scratch.take_array<std::uint32_t>(static_cast<std::size_t>((k + 1) / 2 * kPanel));
  pack_interleaved_avx512bf16({.source = x, .stride = x_stride, .n_columns = width, .k = k, .panel = panel});
  return {.pairs = panel, .stride = kPanel};
}

RightFactor::RightFactor(Context& context, Factors factors, std::int64_t k, std::int64_t n, const float* source,
                         bool transposed)
    : k_(k), n_(n), transposed_(transposed), values_(source) {
  if (factors == Factors::kRounded) values_ = rounded(context.scratch(), k * n, source);
  if (factors != Factors::kPairs) return;
  const std::int64_t n_panels = blocks_of(n, kPanel), panel_size = (k + 1) / 2 * kPanel;
  auto* panels = context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(n_panels * panel_size));
  context.pool().for_blocks(static_cast<std::size_t>(n_panels), 4, [&](std::size_t begin, std::size_t end, int) {
    for (auto panel = static_cast<std::int64_t>(begin); panel < static_cast<std::int64_t>(end); ++panel) {
      const std::int64_t column = panel * kPanel, width = std::min(kPanel, n - column);
      std::uint32_t* to = panels + panel * panel_size;
      if (transposed) {
        pack_panel_transposed_avx512bf16(
            {.source = source + column * k, .stride = k, .n_columns = width, .k = k, .panel = to});
      } else {
        pack_interleaved_avx512bf16({.source = source + column, .stride = n, .n_columns = width, .k = k, .panel = to});
      }
    }
  });
  panels_ = panels;
}

void RightFactor::multiply(std::int64_t m, const Operand& left, std::int64_t column, std::int64_t width, float* c,
                           std::int64_t c_stride, bool accumulate) const {
  if (panels_ == nullptr) {
    return sgemm({.m = m,
                  .n = width,
                  .k = k_,
                  .left = left.values,
                  .left_stride = left.stride,
                  .right = values_ + column * (transposed_ ? k_ : 1),
                  .right_stride = transposed_ ? k_ : n_,
                  .right_transposed = transposed_,
                  .c = c,
                  .c_stride = c_stride,
                  .accumulate = accumulate});
  }
  const std::int64_t pairs = (k_ + 1) / 2;
  multiply_pairs_avx512bf16({.m = m,
                             .n = width,
                             .n_pairs = pairs,
                             .left = left.pairs,
                             .tile_stride = kTileRows * left.stride,
                             .row_stride = left.stride,
                             .right = panels_ + column * pairs,
                             .right_stride = pairs * kPanel,
                             .c = c,
                             .c_stride = c_stride,
                             .accumulate = accumulate});
}

LeftFactor::LeftFactor(Context& context, Factors factors, std::int64_t k, std::int64_t m, const float* source)
    : m_(m), stride_(m), values_(source) {
  if (factors == Factors::kRounded) values_ = rounded(context.scratch(), k * m, source);
  if (factors != Factors::kPairs) return;
  // An odd number of cache lines per row spreads the tiles' columns over all sets of the first-level cache.
  stride_ = (blocks_of(m, kPairsPerLine) | 1) * kPairsPerLine;
  auto* pairs = context.scratch().take_array<std::uint32_t>(static_cast<std::size_t>(stride_ * ((k + 1) / 2)));
  pack_interleaved_avx512bf16(
      {.source = source, .stride = m, .n_columns = m, .k = k, .panel = pairs, .panel_width = stride_});
  pairs_ = pairs;
}

void LeftFactor::multiply(std::int64_t first, std::int64_t n, const Operand& right, std::int64_t width, float* c,
                          std::int64_t c_stride) const {
  if (pairs_ == nullptr) {
    return sgemm({.m = m_,
                  .n = width,
                  .k = n,
                  .left = values_ + first * stride_,
                  .left_stride = stride_,
                  .left_transposed = true,
                  .right = right.values,
                  .right_stride = right.stride,
                  .c = c,
                  .c_stride = c_stride,
                  .accumulate = true});
  }
  multiply_pairs_avx512bf16({.m = m_,
                             .n = width,
                             .n_pairs = (n + 1) / 2,
                             .left = pairs_ + first / 2 * stride_,
                             .tile_stride = kTileRows,
                             .row_stride = 1,
                             .pair_stride = stride_,
                             .right = right.pairs,
                             .right_stride = (n + 1) / 2 * kPanel,
                             .c = c,
                             .c_stride = c_stride,
                             .accumulate = true});
}

}  // namespace matinee
