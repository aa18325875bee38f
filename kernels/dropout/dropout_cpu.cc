#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/lora_matmul/lora_dropout.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 64;

}  // namespace

void dropout_rows_cpu(Context& context, const DropoutArgs& args) {
  context.pool().for_blocks(
      static_cast<std::size_t>(args.n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
        for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) {
          const std::int64_t first = row * args.width;
          lora_dropout_row(args.dropout, row, 0, args.width, args.x + first, args.y + first, args.accumulate);
          if (args.rest == nullptr) continue;
          for (std::int64_t i = first; i < first + args.width; ++i) args.rest[i] = args.x[i] - args.y[i];
        }
      });
}

}  // namespace matinee
