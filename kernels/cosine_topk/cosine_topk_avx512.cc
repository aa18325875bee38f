// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/cosine_topk/cosine_topk_kernels.h"

#define MATINEE_LANES 16

namespace matinee {
namespace {

#include "kernels/cosine_topk/cosine_topk_body.inc"

}  // namespace

const ScoreKernel kScoreAvx512{.block = score_block, .pairs = score_pairs};

}  // namespace matinee
