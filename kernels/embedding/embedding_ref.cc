#include "kernels/reference.h"

namespace matinee {

void embedding_forward_ref(const EmbeddingArgsOf<double>& args) {
  const auto* table = static_cast<const double*>(args.table.data);
  for (std::int64_t token = 0; token < args.n_tokens; ++token) {
    for (std::int64_t i = 0; i < args.width; ++i) {
      args.y[token * args.width + i] = static_cast<double>(args.multiplier) * table[args.ids[token] * args.width + i];
    }
  }
}

void embedding_backward_ref(const EmbeddingBackwardArgsOf<double>& args) {
  for (std::int64_t token = 0; token < args.n_tokens; ++token) {
    for (std::int64_t i = 0; i < args.width; ++i) {
      args.grad_table[args.ids[token] * args.width + i] +=
          static_cast<double>(args.multiplier) * args.grad_y[token * args.width + i];
    }
  }
}

}  // namespace matinee
