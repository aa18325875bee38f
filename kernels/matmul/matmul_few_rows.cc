#include "kernels/matmul/matmul_few_rows.h"

#include <algorithm>

#include "kernels/quantize/quantize.h"

namespace matinee {
namespace {

// Outputs of one task: an eighth of the matrix, but between `least` and four times as many weights. A task's first
// reads wait for memory because nothing is prefetched; below `least` a task is not worth a thread.
std::int64_t outputs_of_a_task(std::int64_t in, std::int64_t out, std::int64_t least) {
  const std::int64_t weights = std::clamp(in * out / 8, least, 4 * least);
  return std::max<std::int64_t>(16, weights / std::max<std::int64_t>(in, 1) / 4 * 4);
}

// Copies x with each group of 32 numbers in the order that GemvNf4Fn expects.
void sort_even_first(const float* x, std::int64_t n, float* to) {
  for (std::int64_t at = 0; at < n; at += 32) {
    for (std::int64_t i = 0; i < 16; ++i) {
      to[at + i] = x[at + 2 * i];
      to[at + 16 + i] = x[at + 2 * i + 1];
    }
  }
}

// Groups of rows, one after another, multiply the same weights while these are in the first-level cache: this much of
// it, beside a group's rows of x.
constexpr std::int64_t kBlockBytes = 16384;

// Calls body(args of these rows and outputs, first row, first output, worker) for groups of rows and ranges of outputs.
template <class Body>
void for_outputs(Context& context, const MatmulArgs& args, bool accumulate, const Body& body) {
  const std::int64_t least = args.weight.is_quantized() ? 1 << 17 : 1 << 16;
  const std::int64_t task = outputs_of_a_task(args.in, args.out, least);
  const std::int64_t most = context.isa() >= IsaLevel::kAvx512 ? kGemvGroupAvx512 : kGemvGroupAvx2;
  const std::int64_t n_groups = (args.n_rows + most - 1) / most, group = (args.n_rows + n_groups - 1) / n_groups;
  const bool is_nf4 = args.weight.format == WeightFormat::kNf4;
  const std::int64_t row_bytes =
      is_nf4 ? (args.in + 1) / 2 : static_cast<std::int64_t>(size_of(args.weight.format)) * args.in;
  const std::int64_t block = n_groups == 1 ? task : std::max<std::int64_t>(4, kBlockBytes / row_bytes / 4 * 4);
  context.pool().for_blocks(static_cast<std::size_t>(args.out), static_cast<std::size_t>(task),
                            [&](std::size_t begin, std::size_t end, int worker) {
                              const auto last = static_cast<std::int64_t>(end);
                              for (auto first = static_cast<std::int64_t>(begin); first < last; first += block) {
                                for (std::int64_t row = 0; row < args.n_rows; row += group) {
                                  body(GemvArgs{.n_rows = std::min(group, args.n_rows - row),
                                                .in = args.in,
                                                .n_out = std::min(block, last - first),
                                                .x = args.x + row * args.in,
                                                .y = args.y + row * args.out + first,
                                                .y_stride = args.out,
                                                .accumulate = accumulate},
                                       row, first, worker);
                                }
                              }
                            });
}

void forward_int8(Context& context, const MatmulArgs& args, bool accumulate) {
  const bool wide = context.isa() >= IsaLevel::kAvx512;
  const auto* codes = static_cast<const std::int8_t*>(args.weight.data);
  const float* scales = args.weight.row_scales;
  if (args.precision == MatmulPrecision::kF32) {
    const GemvInt8Fn gemv = wide ? gemv_int8_avx512 : gemv_int8_avx2;
    return for_outputs(context, args, accumulate, [&](const GemvArgs& some, std::int64_t, std::int64_t first, int) {
      gemv(some, codes + first * args.in, scales + first);
    });
  }
  const ScratchScope scope(context.scratch());
  const std::int64_t blocks = (args.in + kInt16Block - 1) / kInt16Block;
  auto* values = context.scratch().take_array<std::int16_t>(static_cast<std::size_t>(args.n_rows * args.in));
  auto* x_scales = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_rows * blocks));
  (wide ? round_int16_avx512 : round_int16_avx2)(args.n_rows, args.in, args.x, values, x_scales);
  const GemvInt8Int16Fn gemv = wide ? gemv_int8_int16_avx512 : gemv_int8_int16_avx2;
  for_outputs(context, args, accumulate, [&](const GemvArgs& some, std::int64_t row, std::int64_t first, int) {
    gemv(some, {values + row * args.in, x_scales + row * blocks}, codes + first * args.in, scales + first);
  });
}

// Blocks of codes that cross the borders of rows: some rows at a time are widened.
void forward_crossing_nf4(Context& context, const MatmulArgs& args, bool accumulate) {
  const GemvFn gemv = context.isa() >= IsaLevel::kAvx512 ? gemv_avx512 : gemv_avx2;
  for_outputs(context, args, accumulate, [&](const GemvArgs& some, std::int64_t, std::int64_t first, int worker) {
    Scratch& scratch = context.worker_scratch(worker);
    const ScratchScope scope(scratch);
    const std::int64_t n = some.n_out * args.in;
    auto* rows = scratch.take_array<float>(static_cast<std::size_t>(n));
    // The pool runs a nested call on the worker alone.
    dequantize(context, {.first = first * args.in, .n = n, .width = args.in, .weight = args.weight, .y = rows});
    gemv(some, rows, false);
  });
}

void forward_nf4(Context& context, const MatmulArgs& args, bool accumulate) {
  if (args.in % kNf4Block != 0 || args.weight.first % kNf4Block != 0)
    return forward_crossing_nf4(context, args, accumulate);
  const GemvNf4Fn gemv = context.isa() >= IsaLevel::kAvx512 ? gemv_nf4_avx512 : gemv_nf4_avx2;
  const ScratchScope scope(context.scratch());
  auto* x = context.scratch().take_array<float>(static_cast<std::size_t>(args.n_rows * args.in));
  sort_even_first(args.x, args.n_rows * args.in, x);
  for_outputs(context, args, accumulate, [&](GemvArgs some, std::int64_t row, std::int64_t first, int) {
    some.x = x + row * args.in;
    gemv(some, nf4_rows(args.weight, first * args.in));
  });
}

}  // namespace

const void* element(const WeightView& weight, std::int64_t index) {
  return static_cast<const std::byte*>(weight.data) + static_cast<std::size_t>(index) * size_of(weight.format);
}

Nf4Rows nf4_rows(const WeightView& weight, std::int64_t element) {
  const std::int64_t first_element = weight.first + element;
  return {.codes = static_cast<const std::uint8_t*>(weight.data) + first_element / 2,
          .absmax_codes = weight.nf4->absmax_codes,
          .absmax_scales = weight.nf4->absmax_scales,
          .absmax_offset = weight.nf4->absmax_offset,
          .first_block = first_element / kNf4Block,
          .values = kNf4Values,
          .dynamic = dynamic_8bit_values()};
}

void forward_few_rows(Context& context, const MatmulArgs& args, bool accumulate) {
  if (args.weight.format == WeightFormat::kInt8) return forward_int8(context, args, accumulate);
  if (args.weight.format == WeightFormat::kNf4) return forward_nf4(context, args, accumulate);
  const GemvFn gemv = context.isa() >= IsaLevel::kAvx512 ? gemv_avx512 : gemv_avx2;
  for_outputs(context, args, accumulate, [&](const GemvArgs& some, std::int64_t, std::int64_t first, int) {
    gemv(some, element(args.weight, first * args.in), args.weight.format == WeightFormat::kBF16);
  });
}

}  // namespace matinee
