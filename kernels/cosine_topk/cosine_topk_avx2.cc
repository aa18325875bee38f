#include <immintrin.h>

#include "kernels/cosine_topk/cosine_topk_kernels.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/cosine_topk/cosine_topk_body.inc"

}  // namespace

void score_block_avx2(const ScoreBlock& block) { score(block); }

}  // namespace matinee
