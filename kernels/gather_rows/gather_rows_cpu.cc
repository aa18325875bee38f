#include <algorithm>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 64;

}  // namespace

void gather_rows_cpu(Context& context, const GatherRowsArgs& args) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n_rows), kRowBlock,
                            [&](std::size_t begin, std::size_t end, int) {
                              for (std::size_t i = begin; i < end; ++i) {
                                std::copy_n(args.x + args.rows[i] * args.width, args.width,
                                            args.y + static_cast<std::int64_t>(i) * args.width);
                              }
                            });
}

void scatter_rows_cpu(Context& context, const ScatterRowsArgs& args) {
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_all), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
        // The first row at or after the start of this block.
        const std::int32_t* last = args.rows + args.n_rows;
        const std::int32_t* next = std::lower_bound(args.rows, last, static_cast<std::int32_t>(begin));
        for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
          float* y = args.y + row * args.width;
          if (next != last && *next == row) {
            std::copy_n(args.x + (next++ - args.rows) * args.width, args.width, y);
          } else {
            std::fill_n(y, args.width, 0.0f);
          }
        }
      });
}

}  // namespace matinee
