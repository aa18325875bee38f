#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/matmul/matmul_kernels.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 32;

void round_rows(const float* x, std::int64_t n_rows, std::int64_t width, bf16* y) {
  const std::int64_t stride = bf16_stride(width);
  for (std::int64_t row = 0; row < n_rows; ++row) {
    for (std::int64_t i = 0; i < stride; ++i) {
      y[row * stride + i] = i < width ? to_bf16(x[row * width + i]) : bf16{};
    }
  }
}

}  // namespace

void round_bf16_cpu(Context& context, const RoundBf16Args& args) {
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
        const auto first = static_cast<std::int64_t>(begin), n = static_cast<std::int64_t>(end - begin);
        const std::int64_t stride = bf16_stride(args.width);
        const float* x = args.x + first * args.width;
        // Pairs of numbers are dwords.
        auto* y = reinterpret_cast<std::uint32_t*>(args.y + first * stride);
        if (context.isa() >= IsaLevel::kAvx512Bf16) {
          round_rows_avx512bf16(x, args.width, n, args.width, y, stride / 2);
        } else {
          round_rows(x, n, args.width, args.y + first * stride);
        }
      });
}

}  // namespace matinee
