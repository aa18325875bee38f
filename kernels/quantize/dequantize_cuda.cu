// Conversion between formats. A thread writes 16 consecutive bytes at a time, four float32 or eight bfloat16. Bound by
// memory: the bytes of both formats. NF4's tables are in shared memory, the 16 values in 16 banks, so that lanes do not
// wait for each other. Speed: not measured.

#include "kernels/context.h"
#include "kernels/cuda/vector_access.h"
#include "kernels/cuda_ops.h"
#include "kernels/quantize/nf4_cuda.h"
#include "kernels/quantize/widen_cuda.h"

namespace matinee {
namespace {

constexpr int kThreads = 256;

// load() of a source returns elements [i, i + kPack) as float32; only the first `n` of them exist.
template <class T>
struct PlainSource {
  const T* x;
  bool aligned;

  template <int kPack>
  __device__ void load(float (&to)[kPack], std::int64_t i, std::int64_t n) const {
#pragma unroll
    for (int k = 0; k < kPack; k += 4) {
      float four[4];
      load_four(four, x + i + k, n - k, aligned);
#pragma unroll
      for (int j = 0; j < 4; ++j) to[k + j] = four[j];
    }
  }
};

// float32 with a scale per column.
struct ScaledSource {
  const float* x;
  const float* scales;
  std::int64_t width;
  bool aligned;

  template <int kPack>
  __device__ void load(float (&to)[kPack], std::int64_t i, std::int64_t n) const {
    PlainSource<float>{x, aligned}.load(to, i, n);
    std::int64_t column = i % width;
#pragma unroll
    for (int k = 0; k < kPack; ++k) {
      if (k < n) to[k] *= scales[column];
      column = column + 1 == width ? 0 : column + 1;
    }
  }
};

// codes[i] is element first + i of the matrix. Without row_scales, the codes themselves.
struct Int8Source {
  const std::int8_t* codes;
  const float* row_scales;
  std::int64_t width, first;
  bool aligned;

  template <int kPack>
  __device__ void load(float (&to)[kPack], std::int64_t i, std::int64_t n) const {
    if (n >= kPack && aligned) {
      const auto* words = reinterpret_cast<const unsigned*>(codes + i);
#pragma unroll
      for (int k = 0; k < kPack; ++k) {
        to[k] = static_cast<float>(static_cast<std::int8_t>(words[k / 4] >> k % 4 * 8 & 255u));
      }
    } else {
#pragma unroll
      for (int k = 0; k < kPack; ++k) to[k] = k < n ? static_cast<float>(codes[i + k]) : 0.0f;
    }
    if (row_scales == nullptr) return;
    std::int64_t row = (first + i) / width, column = (first + i) % width;
#pragma unroll
    for (int k = 0; k < kPack; ++k) {
      if (k < n) to[k] *= row_scales[row];
      if (++column == width) {
        column = 0;
        ++row;
      }
    }
  }
};

struct Nf4Source {
  const std::uint8_t* codes;
  Nf4Scales scales;
  std::int64_t first;
  bool aligned;  // a pack of codes is an aligned word or half of one, within one block

  template <int kPack>
  __device__ void load(float (&to)[kPack], std::int64_t i, std::int64_t n, const Nf4Tables& tables) const {
    const std::int64_t at = first + i;
    if (n >= kPack && aligned) {
      unsigned word;
      if constexpr (kPack == 8) {
        word = *reinterpret_cast<const unsigned*>(codes + at / 2);
      } else {
        word = *reinterpret_cast<const std::uint16_t*>(codes + at / 2);
      }
      const float absmax = nf4_absmax(scales, tables, at / kNf4Block);
#pragma unroll
      for (int k = 0; k < kPack; ++k) to[k] = tables.values[word >> nf4_shift(k) & 15u] * absmax;
      return;
    }
#pragma unroll
    for (int k = 0; k < kPack; ++k) {
      to[k] = k < n ? tables.values[nf4_code(codes, at + k)] * nf4_absmax(scales, tables, (at + k) / kNf4Block) : 0.0f;
    }
  }
};

__device__ void store_pack(float* to, const float (&from)[4], std::int64_t n, bool aligned) {
  store_four(to, from, n, aligned);
}
__device__ void store_pack(std::uint16_t* to, const float (&from)[8], std::int64_t n, bool aligned) {
  if (n >= 8 && aligned) {
    *reinterpret_cast<uint4*>(to) = make_uint4(bf16_pair(from[0], from[1]), bf16_pair(from[2], from[3]),
                                               bf16_pair(from[4], from[5]), bf16_pair(from[6], from[7]));
    return;
  }
#pragma unroll
  for (int k = 0; k < 8; ++k) {
    if (k < n) to[k] = bf16_of_float(from[k]);
  }
}

template <class T>
constexpr int kPackOf = 16 / static_cast<int>(sizeof(T));

template <class T, class Source>
__global__ void __launch_bounds__(kThreads)
    convert_kernel(std::int64_t n, Source source, T* __restrict__ to, bool aligned) {
  constexpr int kPack = kPackOf<T>;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads * kPack;
  for (std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPack; i < n; i += step) {
    float pack[kPack];
    source.load(pack, i, n - i);
    store_pack(to + i, pack, n - i, aligned);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    nf4_kernel(std::int64_t n, Nf4Source source, Nf4Tables given, T* __restrict__ to, bool aligned) {
  constexpr int kPack = kPackOf<T>;
  __shared__ Nf4Tables tables;
  load_tables(given, tables);
  __syncthreads();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads * kPack;
  for (std::int64_t i = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kPack; i < n; i += step) {
    float pack[kPack];
    source.load(pack, i, n - i, tables);
    store_pack(to + i, pack, n - i, aligned);
  }
}

template <class T, class Source>
void convert(const CudaQueue& queue, std::int64_t n, const Source& source, T* to) {
  launch(queue, convert_kernel<T, Source>, queue.grid_for(blocks_for(n, kPackOf<T>), kThreads), kThreads, 0, n, source,
         to, is_aligned(to, 16));
}

// Without `scaled`, int8 codes are not multiplied by their scales.
template <class T>
void convert_weight(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                    std::int64_t n, bool scaled, T* to) {
  if (n == 0) return;
  switch (weight.format) {
    case WeightFormat::kInt8: {
      const auto* codes = static_cast<const std::int8_t*>(weight.data) + first;
      return convert(queue, n,
                     Int8Source{codes, scaled ? weight.row_scales : nullptr, width, first, is_aligned(codes, 4)}, to);
    }
    case WeightFormat::kNf4: {
      const auto* codes = static_cast<const std::uint8_t*>(weight.data);
      const std::int64_t at = weight.first + first;
      const bool aligned = is_aligned(codes, 4) && at % kPackOf<T> == 0;
      launch(queue, nf4_kernel<T>, queue.grid_for(blocks_for(n, kPackOf<T>), kThreads), kThreads, 0, n,
             Nf4Source{codes, *weight.nf4, at, aligned}, nf4_tables(), to, is_aligned(to, 16));
      return;
    }
    case WeightFormat::kBF16: {
      const auto* from = static_cast<const std::uint16_t*>(weight.data) + first;
      return convert(queue, n, PlainSource<std::uint16_t>{from, is_aligned(from, 8)}, to);
    }
    default: {
      const auto* from = static_cast<const float*>(weight.data) + first;
      return convert(queue, n, PlainSource<float>{from, is_aligned(from, 16)}, to);
    }
  }
}

}  // namespace

Nf4Tables nf4_tables() {
  Nf4Tables tables;
  for (int i = 0; i < 16; ++i) tables.values[i] = kNf4Values[i];
  for (int i = 0; i < 256; ++i) tables.dynamic[i] = dynamic_8bit_values()[i];
  return tables;
}

void widen_weight(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                  std::int64_t n, float* to) {
  convert_weight(queue, weight, width, first, n, true, to);
}

void weight_to_bf16(const CudaQueue& queue, const WeightView& weight, std::int64_t width, std::int64_t first,
                    std::int64_t n, std::uint16_t* to) {
  convert_weight(queue, weight, width, first, n, false, to);
}

void rows_to_bf16(const CudaQueue& queue, const float* x, std::int64_t n, const float* column_scales,
                  std::int64_t width, std::uint16_t* to) {
  if (n == 0) return;
  if (column_scales != nullptr) return convert(queue, n, ScaledSource{x, column_scales, width, is_aligned(x, 16)}, to);
  convert(queue, n, PlainSource<float>{x, is_aligned(x, 16)}, to);
}

void dequantize_cuda(Context& context, const DequantizeArgs& args) {
  widen_weight(queue_of(context), args.weight, args.width, args.first, args.n, args.y);
}

}  // namespace matinee
