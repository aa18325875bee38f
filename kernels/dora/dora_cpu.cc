#include <cmath>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

namespace matinee {
namespace {

constexpr std::size_t kRowBlock = 64;

// Calls body(row) for every row, in blocks.
template <class Body>
void for_rows(Context& context, std::int64_t n_rows, const Body& body) {
  context.pool().for_blocks(static_cast<std::size_t>(n_rows), kRowBlock, [&](std::size_t begin, std::size_t end, int) {
    for (auto row = static_cast<std::int64_t>(begin); row < static_cast<std::int64_t>(end); ++row) body(row);
  });
}

}  // namespace

void dora_norms_cpu(Context& context, const DoraNormsArgs& args) {
  const std::int64_t in = args.in;
  context.pool().for_blocks(
      static_cast<std::size_t>(args.out), kRowBlock, [&](std::size_t begin, std::size_t end, int worker) {
        const ScratchScope scope(context.worker_scratch(worker));
        float* row = context.worker_scratch(worker).take_array<float>(static_cast<std::size_t>(in));
        for (auto o = static_cast<std::int64_t>(begin); o < static_cast<std::int64_t>(end); ++o) {
          // The pool runs a nested call on the worker alone.
          dequantize_cpu(context, {.first = o * in, .n = in, .width = in, .weight = args.weight, .y = row});
          for (std::int64_t r = 0; r < args.rank; ++r) {
            const float b = args.scaling * args.lora_B[o * args.rank + r];
            const float* a = args.lora_A + r * in;
            for (std::int64_t i = 0; i < in; ++i) row[i] += b * a[i];
          }
          double squares = 0;
          for (std::int64_t i = 0; i < in; ++i) squares += static_cast<double>(row[i]) * row[i];
          args.norms[o] = static_cast<float>(std::sqrt(squares));
        }
      });
}

void dora_scale_cpu(Context& context, const DoraScaleArgs& args) {
  for_rows(context, args.n_rows, [&](std::int64_t row) {
    const float* z = args.z + row * args.out;
    float* to = args.y + row * args.out;
    for (std::int64_t o = 0; o < args.out; ++o) {
      const float value = args.magnitude[o] / args.norms[o] * z[o] + (args.bias == nullptr ? 0 : args.bias[o]);
      to[o] = args.accumulate ? to[o] + value : value;
    }
  });
}

void dora_backward_cpu(Context& context, const DoraBackwardArgs& args) {
  for_rows(context, args.n_rows, [&](std::int64_t row) {
    for (std::int64_t o = 0; o < args.out; ++o) {
      const std::int64_t i = row * args.out + o;
      args.grad_z[i] = args.magnitude[o] / args.norms[o] * args.grad_y[i];
      if (args.through != nullptr) args.through[i] = args.grad_z[i] - args.grad_y[i];
    }
  });
  // A task sums a block of columns over all rows in order, so that sums do not depend on the number of threads.
  context.pool().for_blocks(static_cast<std::size_t>(args.out), kRowBlock,
                            [&](std::size_t begin, std::size_t end, int) {
                              for (std::int64_t row = 0; row < args.n_rows; ++row) {
                                for (std::size_t o = begin; o < end; ++o) {
                                  const std::size_t i = static_cast<std::size_t>(row * args.out) + o;
                                  args.grad_magnitude[o] += args.grad_y[i] * args.z[i] / args.norms[o];
                                }
                              }
                            });
}

}  // namespace matinee
