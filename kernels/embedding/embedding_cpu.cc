#include <algorithm>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {

void embedding_forward_cpu(Context& context, const EmbeddingArgs& args) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n_tokens), 128, [&](std::size_t begin, std::size_t end, int) {
    for (auto token = static_cast<std::int64_t>(begin); token < static_cast<std::int64_t>(end); ++token) {
      const std::int64_t offset = args.ids[token] * args.width;
      float* y = args.y + token * args.width;
      if (args.table.format == WeightFormat::kBF16) {
        const auto* row = static_cast<const bf16*>(args.table.data) + offset;
        for (std::int64_t i = 0; i < args.width; ++i) y[i] = args.multiplier * to_float(row[i]);
      } else {
        const auto* row = static_cast<const float*>(args.table.data) + offset;
        for (std::int64_t i = 0; i < args.width; ++i) y[i] = args.multiplier * row[i];
      }
    }
  });
}

void embedding_backward_cpu(Context& context, const EmbeddingBackwardArgs& args) {
  // A task adds a block of columns of all tokens in order, so two threads never add to the same element.
  context.pool().for_blocks(static_cast<std::size_t>(args.width), 64, [&](std::size_t begin, std::size_t end, int) {
    for (std::int64_t token = 0; token < args.n_tokens; ++token) {
      const float* grad_y = args.grad_y + token * args.width;
      float* row = args.grad_table + args.ids[token] * args.width;
      for (std::size_t i = begin; i < end; ++i) row[i] += args.multiplier * grad_y[i];
    }
  });
}

}  // namespace matinee
