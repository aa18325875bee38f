#include "lib/vectors/weighted_sum.h"

#include <immintrin.h>

#include "lib/base/cpu_features.h"

namespace matinee {
namespace {

using Lanes = __m256;
constexpr std::int64_t kLanes = 8;
constexpr int kMany = 8;
Lanes load(const float* from) { return _mm256_loadu_ps(from); }
void store(float* to, Lanes lanes) { _mm256_storeu_ps(to, lanes); }
Lanes broadcast(float value) { return _mm256_set1_ps(value); }
Lanes fused(Lanes a, Lanes b, Lanes c) { return _mm256_fmadd_ps(a, b, c); }

#include "lib/vectors/weighted_sum_body.inc"

}  // namespace

void add_weighted_sum_avx2(const WeightedSum& sum) { add_all(sum); }

void add_weighted_sum(const WeightedSum& sum) {
  static const auto run = isa_level() >= IsaLevel::kAvx512 ? add_weighted_sum_avx512 : add_weighted_sum_avx2;
  run(sum);
}

}  // namespace matinee
