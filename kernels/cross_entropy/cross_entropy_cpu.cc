#include <algorithm>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"
#include "kernels/cross_entropy/cross_entropy_kernels.h"

namespace matinee {

void cross_entropy_cpu(Context& context, const CrossEntropyArgs& args) {
  const CrossEntropyRowFn compute =
      context.isa() >= IsaLevel::kAvx512 ? cross_entropy_row_avx512 : cross_entropy_row_avx2;
  struct RowResult {
    double loss;
    std::int64_t correct;
  };
  const ScratchScope scope(context.scratch());
  auto* results = context.scratch().take_array<RowResult>(static_cast<std::size_t>(args.n_rows));
  context.pool().for_blocks(static_cast<std::size_t>(args.n_rows), 16, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      float* logits = args.logits + static_cast<std::int64_t>(row) * args.vocab;
      if (args.targets[row] != kIgnoredTarget) {
        results[row].loss = compute(logits, args.vocab, args.targets[row], args.with_gradient, args.grad_scale,
                                    args.softcap, &results[row].correct);
      } else if (args.with_gradient) {
        std::fill_n(logits, args.vocab, 0.0f);
      }
    }
  });
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    if (args.targets[row] == kIgnoredTarget) continue;
    args.sums->loss += results[row].loss;
    args.sums->n_correct += results[row].correct;
    ++args.sums->n_counted;
  }
}

}  // namespace matinee
