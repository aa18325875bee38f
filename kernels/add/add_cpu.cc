#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {

void add_scaled_cpu(Context& context, const AddArgs& args) {
  context.pool().for_blocks(static_cast<std::size_t>(args.n), 1 << 16, [&](std::size_t begin, std::size_t end, int) {
    if (args.accumulate) {
      for (std::size_t i = begin; i < end; ++i) args.y[i] += args.scale * args.x[i];
    } else {
      for (std::size_t i = begin; i < end; ++i) args.y[i] = args.scale * args.x[i];
    }
  });
}

}  // namespace matinee
