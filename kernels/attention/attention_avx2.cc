#include <immintrin.h>

#include "kernels/attention/attention_kernels.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/attention/attention_body.inc"

}  // namespace

void attention_block_avx2(const AttentionBlock& block) { block_forward(block); }
void attention_segment_avx2(const AttentionSegment& segment) { segment_backward(segment); }

}  // namespace matinee
