// g++ 12 warns about the deliberately undefined vectors of its own header (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/matmul/matmul_kernels.h"

#define MATINEE_LANES 16

namespace matinee {
namespace {

#include "kernels/matmul/matmul_gemv.inc"

}  // namespace

void gemv_avx512(const GemvArgs& args, const void* w, bool w_is_bf16) {
  if (w_is_bf16) {
    gemv(args, static_cast<const unsigned short*>(w), nullptr);
  } else {
    gemv(args, static_cast<const float*>(w), nullptr);
  }
}

void gemv_int8_avx512(const GemvArgs& args, const std::int8_t* codes, const float* scales) {
  gemv(args, codes, scales);
}

void round_int16_avx512(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values, float* scales) {
  round_int16(n_rows, in, x, values, scales);
}

void gemv_int8_int16_avx512(const GemvArgs& args, const Int16Rows& x, const std::int8_t* codes, const float* scales) {
  gemv_int8(args, x, codes, scales);
}

void gemv_nf4_avx512(const GemvArgs& args, const Nf4Rows& rows) { gemv_nf4(args, rows); }

}  // namespace matinee
