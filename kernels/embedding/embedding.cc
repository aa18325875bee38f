#include "kernels/embedding/embedding.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {
namespace {

// The host cannot read arrays on a GPU.
void check_ids(const Context& context, const char* op, const std::int32_t* ids, std::int64_t n_tokens,
               std::int64_t vocab) {
  require(ids != nullptr, op, "ids are given");
  if (!context.allocator()->is_host()) return;
  for (std::int64_t t = 0; t < n_tokens; ++t) require(ids[t] >= 0 && ids[t] < vocab, op, "ids are in the table");
}

}  // namespace

void embedding_forward(Context& context, const EmbeddingArgs& args) {
  require(args.n_tokens >= 0 && args.vocab >= 0 && args.width >= 0, "embedding_forward", "sizes are not negative");
  if (args.n_tokens == 0 || args.width == 0) return;
  require(args.table.data && args.y, "embedding_forward", "table and y are given");
  require(args.table.format == WeightFormat::kF32 || args.table.format == WeightFormat::kBF16, "embedding_forward",
          "the table is float32 or bfloat16");
  check_ids(context, "embedding_forward", args.ids, args.n_tokens, args.vocab);
  context.ops().embedding_forward(context, args);
}

void embedding_backward(Context& context, const EmbeddingBackwardArgs& args) {
  require(args.n_tokens >= 0 && args.vocab >= 0 && args.width >= 0, "embedding_backward", "sizes are not negative");
  if (args.n_tokens == 0 || args.width == 0) return;
  require(args.grad_y && args.grad_table, "embedding_backward", "grad_y and grad_table are given");
  check_ids(context, "embedding_backward", args.ids, args.n_tokens, args.vocab);
  context.ops().embedding_backward(context, args);
}

}  // namespace matinee
