// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "lib/vectors/weighted_sum.h"

namespace matinee {
namespace {

using Lanes = __m512;
constexpr std::int64_t kLanes = 16;
constexpr int kMany = 8;
Lanes load(const float* from) { return _mm512_loadu_ps(from); }
void store(float* to, Lanes lanes) { _mm512_storeu_ps(to, lanes); }
Lanes broadcast(float value) { return _mm512_set1_ps(value); }
Lanes fused(Lanes a, Lanes b, Lanes c) { return _mm512_fmadd_ps(a, b, c); }

#include "lib/vectors/weighted_sum_body.inc"

}  // namespace

void add_weighted_sum_avx512(const WeightedSum& sum) { add_all(sum); }

}  // namespace matinee
