#pragma once

#include <cstdint>

#include "kernels/matmul/matmul.h"

namespace matinee {

/// The number of weights that share a scale in NF4, and of such scales that share a scale of their own.
constexpr std::int64_t kNf4Block = 64;
constexpr std::int64_t kAbsmaxBlock = 256;

/// The 16 values of NF4, ascending. Do not change: quantiles of the normal distribution as listed in Dettmers et al.
/// 2023, "QLoRA", arXiv:2305.14314, appendix E.
extern const float kNf4Values[16];
/// The 256 numbers of the dynamic 8-bit type, ascending: a sign, an exponent of ten in unary, a linear fraction.
/// Dettmers 2016, "8-Bit Approximations for Parallelism in Deep Learning", arXiv:1511.04561; the same numbers as those
/// of bitsandbytes' create_dynamic_map.
const float* dynamic_8bit_values();

/// The number of NF4 blocks of `n` weights, and the number of scales of these blocks.
constexpr std::int64_t nf4_blocks(std::int64_t n) { return (n + kNf4Block - 1) / kNf4Block; }
constexpr std::int64_t absmax_blocks(std::int64_t blocks) { return (blocks + kAbsmaxBlock - 1) / kAbsmaxBlock; }

/// Int8 by row: scale = max|x| / 127, code = x·(127 / max|x|) rounded to nearest, ties to even, all in float32. A row
/// of zeros has codes and scale 0. As LLM.int8() does it (Dettmers et al. 2022, arXiv:2208.07339) without outliers.
template <class T>
struct QuantizeInt8ArgsOf {
  std::int64_t n_rows = 0, width = 0;
  const T* x = nullptr;          ///< [n_rows, width], finite
  std::int8_t* codes = nullptr;  ///< [n_rows, width]
  float* row_scales = nullptr;   ///< [n_rows]
};
using QuantizeInt8Args = QuantizeInt8ArgsOf<float>;

/// NF4: in each block of 64, whatever the rows, code = index of the number of kNf4Values nearest to x·(1 / max|x|) in
/// float32, the smaller of two equally near ones. Byte i holds code 2i in its upper and 2i + 1 in its lower half. A
/// block without a normal number gets the code of zero. This is the only difference to bitsandbytes, which uses code 0,
/// the value -1: once max|x| is quantized to 8 bits, such a block may not be zero any more.
template <class T>
struct QuantizeNf4ArgsOf {
  std::int64_t n = 0;
  const T* x = nullptr;           ///< [n], finite
  std::uint8_t* codes = nullptr;  ///< [(n + 1) / 2]
  float* absmax = nullptr;        ///< [nf4_blocks(n)]: max|x|
};
using QuantizeNf4Args = QuantizeNf4ArgsOf<float>;

/// Double quantization of these maxima: their mean is subtracted, then in each block of 256, code = index of the
/// dynamic 8-bit number nearest to d·(1 / max|d|), the smaller of two equally near ones.
template <class T>
struct QuantizeAbsmaxArgsOf {
  std::int64_t n_blocks = 0;
  const T* absmax = nullptr;      ///< [n_blocks]
  std::uint8_t* codes = nullptr;  ///< [n_blocks]
  float* scales = nullptr;        ///< [absmax_blocks(n_blocks)]: max|d|
  float* offset = nullptr;        ///< [1]: the mean, summed in float64; 0 without blocks
};
using QuantizeAbsmaxArgs = QuantizeAbsmaxArgsOf<float>;

/// y = elements [first, first + n) of a matrix of any of WeightView's formats, row-major: int8 as code·scale, NF4 as
/// value·(dynamic·max|d| + mean), each operation rounded to float32.
template <class T>
struct DequantizeArgsOf {
  std::int64_t first = 0, n = 0;
  std::int64_t width = 0;  ///< of the matrix
  WeightView weight = {};
  T* y = nullptr;  ///< [n], overwritten
};
using DequantizeArgs = DequantizeArgsOf<float>;

/// All throw Error(kInternal) for a negative size or a missing pointer. The result is the same bytes with any number of
/// threads and on every instruction set.
void quantize_int8(Context& context, const QuantizeInt8Args& args);
void quantize_nf4(Context& context, const QuantizeNf4Args& args);
void quantize_absmax(Context& context, const QuantizeAbsmaxArgs& args);
void dequantize(Context& context, const DequantizeArgs& args);

}  // namespace matinee
