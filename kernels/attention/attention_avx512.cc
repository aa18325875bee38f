// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/attention/attention_kernels.h"

#define MATINEE_LANES 16

namespace matinee {
namespace {

#include "kernels/attention/attention_body.inc"

}  // namespace

void attention_block_avx512(const AttentionBlock& block) { block_forward(block); }
void attention_segment_avx512(const AttentionSegment& segment) { segment_backward(segment); }

}  // namespace matinee
