#include <immintrin.h>

#include "kernels/context.h"
#include "kernels/cpu_ops.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/vector_math.inc"

constexpr std::size_t kBlock = 1 << 14;

}  // namespace

void softcap_cpu(Context& context, const SoftcapArgs& args) {
  const float cap = args.cap;
  context.pool().for_blocks(static_cast<std::size_t>(args.n), kBlock, [&](std::size_t begin, std::size_t end, int) {
    float* x = args.x + begin;
    for_vectors(static_cast<long>(end - begin),
                [&](long i, auto mask) { store(x + i, cap * tanh_lanes(load(x + i, mask) / cap), mask); });
  });
}

}  // namespace matinee
