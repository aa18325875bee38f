// g++ 12 takes the deliberately undefined vectors of its own header for a mistake (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#include "kernels/matmul/matmul_kernels.h"

#define MATINEE_LANES 16

namespace matinee {
namespace {

#include "kernels/matmul/matmul_gemv.inc"

}  // namespace

void gemv_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const void* w,
                 bool w_is_bf16, float* y, std::int64_t y_stride, bool accumulate) {
  if (w_is_bf16) {
    gemv(n_rows, in, n_out, x, static_cast<const unsigned short*>(w), nullptr, y, y_stride, accumulate);
  } else {
    gemv(n_rows, in, n_out, x, static_cast<const float*>(w), nullptr, y, y_stride, accumulate);
  }
}

void gemv_int8_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x,
                      const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride, bool accumulate) {
  gemv(n_rows, in, n_out, x, codes, scales, y, y_stride, accumulate);
}

void round_int16_avx512(std::int64_t n_rows, std::int64_t in, const float* x, std::int16_t* values, float* scales) {
  round_int16(n_rows, in, x, values, scales);
}

void gemv_int8_int16_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const Int16Rows& x,
                            const std::int8_t* codes, const float* scales, float* y, std::int64_t y_stride,
                            bool accumulate) {
  gemv_int8(n_rows, in, n_out, x, codes, scales, y, y_stride, accumulate);
}

void gemv_nf4_avx512(std::int64_t n_rows, std::int64_t in, std::int64_t n_out, const float* x, const Nf4Rows& rows,
                     float* y, std::int64_t y_stride, bool accumulate) {
  gemv_nf4(n_rows, in, n_out, x, rows, y, y_stride, accumulate);
}

}  // namespace matinee
