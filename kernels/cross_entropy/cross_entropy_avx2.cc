#include <immintrin.h>

#include "kernels/cross_entropy/cross_entropy_kernels.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/cross_entropy/cross_entropy_body.inc"

}  // namespace

double cross_entropy_row_avx2(float* logits, std::int64_t vocab, std::int64_t target, bool with_gradient,
                              float grad_scale, float softcap, std::int64_t* correct) {
  return row_loss(logits, vocab, target, with_gradient, grad_scale, softcap, correct);
}

}  // namespace matinee
