#include <immintrin.h>

#include "kernels/cosine_topk/cosine_topk_kernels.h"

#define MATINEE_LANES 8

namespace matinee {
namespace {

#include "kernels/cosine_topk/cosine_topk_body.inc"

}  // namespace

const ScoreKernel kScoreAvx2{.block = score_block, .pairs = score_pairs};

}  // namespace matinee
