#include "kernels/cross_entropy/cross_entropy.h"

#include "kernels/check.h"
#include "kernels/context.h"
#include "kernels/ops.h"

namespace matinee {

void cross_entropy(Context& context, const CrossEntropyArgs& args) {
  require(args.n_rows >= 0 && args.vocab >= 0, "cross_entropy", "sizes are not negative");
  require(args.sums != nullptr, "cross_entropy", "sums is given");
  require(args.softcap >= 0, "cross_entropy", "softcap is not negative");
  if (args.n_rows == 0) return;
  require(args.logits && args.targets, "cross_entropy", "logits and targets are given");
  // The host cannot read arrays on a GPU.
  for (std::int64_t row = 0; row < args.n_rows && context.allocator()->is_host(); ++row) {
    const std::int32_t target = args.targets[row];
    require(target == kIgnoredTarget || (target >= 0 && target < args.vocab), "cross_entropy",
            "targets are in the vocabulary");
  }
  context.ops().cross_entropy(context, args);
}

}  // namespace matinee
