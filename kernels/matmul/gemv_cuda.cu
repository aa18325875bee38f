// y = x·Wᵀ for 1 to 4 rows of x, as in decoding. Bound by reading W once, 4 to 0.5 bytes per weight, each of which is
// multiplied by up to four elements. A block of four warps has four rows of W. Its threads share the columns, so that
// even a narrow matrix has enough bytes in flight, and each element of x that they load, mostly from the first-level
// cache, is used four times. The loads of all four rows are issued before the first is used. Sums go over a thread's
// columns, then over its warp, then over the warps.
//
// An int8 code becomes float32 by placing its byte in the mantissa of 2^23: a byte permutation and a subtraction. An
// NF4 code is looked up in 16 banks of shared memory without conflicts; at 32 look-ups per cycle and multiprocessor
// this is the bound for NF4, at about half of an H100's bandwidth by count. Speed: not measured.

#include "kernels/cuda/vector_access.h"
#include "kernels/cuda/warp.h"
#include "kernels/matmul/gemv_cuda.h"
#include "kernels/quantize/nf4_cuda.h"

namespace matinee {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;
constexpr int kOut = 4;  // rows of W of a block
static_assert(kOut * kGemvRows <= kThreads, "a thread writes one element of y");

// Formats of weights. load() reads kPack columns of row `o` from column `i` on, 0 past the width `in`; value() returns
// one of them; a pack's sum is multiplied by scale() and a row's sum by finish().
struct PlainPack {
  __device__ static float scale() { return 1.0f; }
};

struct F32Weights {
  static constexpr int kPack = 4, kUnroll = 2;
  static constexpr bool kTables = false;
  const float* data;
  bool aligned;

  struct Pack : PlainPack {
    float values[4];
    __device__ float value(int k, const float*) const { return values[k]; }
  };
  __device__ void load(Pack& pack, std::int64_t in, std::int64_t o, std::int64_t i, const Nf4Tables*) const {
    load_four(pack.values, data + o * in + i, in - i, aligned);
  }
  __device__ float finish(std::int64_t) const { return 1.0f; }
};

struct Bf16Weights {
  static constexpr int kPack = 8, kUnroll = 2;
  static constexpr bool kTables = false;
  const std::uint16_t* data;
  bool aligned;

  struct Pack : PlainPack {
    unsigned words[4];
    __device__ float value(int k, const float*) const {
      return __uint_as_float(k % 2 == 0 ? words[k / 2] << 16 : words[k / 2] & 0xffff0000u);
    }
  };
  __device__ void load(Pack& pack, std::int64_t in, std::int64_t o, std::int64_t i, const Nf4Tables*) const {
    const std::uint16_t* from = data + o * in + i;
    if (aligned && in - i >= kPack) {
      const uint4 four = *reinterpret_cast<const uint4*>(from);
      pack.words[0] = four.x;
      pack.words[1] = four.y;
      pack.words[2] = four.z;
      pack.words[3] = four.w;
      return;
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const unsigned low = 2 * k < in - i ? from[2 * k] : 0u, high = 2 * k + 1 < in - i ? from[2 * k + 1] : 0u;
      pack.words[k] = low | high << 16;
    }
  }
  __device__ float finish(std::int64_t) const { return 1.0f; }
};

struct Int8Weights {
  static constexpr int kPack = 8, kUnroll = 2;
  static constexpr bool kTables = false;
  const std::int8_t* data;
  const float* row_scales;
  bool aligned;

  struct Pack : PlainPack {
    unsigned words[2];  // of codes + 128
    __device__ float value(int k, const float*) const {
      const unsigned bits = __byte_perm(words[k / 4], 0x4b000000u, 0x7440u + static_cast<unsigned>(k % 4));
      return __uint_as_float(bits) - 8388736.0f;  // 2^23 + 128
    }
  };
  __device__ void load(Pack& pack, std::int64_t in, std::int64_t o, std::int64_t i, const Nf4Tables*) const {
    const std::int8_t* from = data + o * in + i;
    if (aligned && in - i >= kPack) {
      const uint2 two = *reinterpret_cast<const uint2*>(from);
      pack.words[0] = two.x;
      pack.words[1] = two.y;
    } else {
      pack.words[0] = pack.words[1] = 0;
#pragma unroll
      for (int k = 0; k < kPack; ++k) {
        const unsigned code = k < in - i ? static_cast<unsigned>(from[k]) & 255u : 0u;
        pack.words[k / 4] |= code << k % 4 * 8;
      }
    }
    pack.words[0] ^= 0x80808080u;
    pack.words[1] ^= 0x80808080u;
  }
  __device__ float finish(std::int64_t o) const { return row_scales[o]; }
};

// NF4 whose rows are multiples of eight, so that eight codes are one word of one block.
struct Nf4Weights {
  static constexpr int kPack = 8, kUnroll = 2;
  static constexpr bool kTables = true;
  const std::uint8_t* data;
  Nf4Scales scales;
  std::int64_t first;

  struct Pack {
    unsigned word;
    float absmax;
    __device__ float value(int k, const float* values) const { return values[word >> nf4_shift(k) & 15u]; }
    __device__ float scale() const { return absmax; }
  };
  __device__ void load(Pack& pack, std::int64_t in, std::int64_t o, std::int64_t i, const Nf4Tables* tables) const {
    const std::int64_t at = first + o * in + i;
    const bool there = i < in;
    pack.word = there ? *reinterpret_cast<const unsigned*>(data + at / 2) : 0u;
    pack.absmax = there ? nf4_absmax(scales, *tables, at / kNf4Block) : 0.0f;
  }
  __device__ float finish(std::int64_t) const { return 1.0f; }
};

// NF4 with rows of any length from any element on.
struct AnyNf4Weights {
  static constexpr int kPack = 4, kUnroll = 2;
  static constexpr bool kTables = true;
  const std::uint8_t* data;
  Nf4Scales scales;
  std::int64_t first;

  struct Pack : PlainPack {
    float values[4];
    __device__ float value(int k, const float*) const { return values[k]; }
  };
  __device__ void load(Pack& pack, std::int64_t in, std::int64_t o, std::int64_t i, const Nf4Tables* tables) const {
#pragma unroll
    for (int k = 0; k < kPack; ++k) {
      const std::int64_t at = first + o * in + i + k;
      pack.values[k] =
          i + k < in ? tables->values[nf4_code(data, at)] * nf4_absmax(scales, *tables, at / kNf4Block) : 0.0f;
    }
  }
  __device__ float finish(std::int64_t) const { return 1.0f; }
};

// blockIdx.x is the group of kOut rows of W.
template <int kRows, class Weights>
__global__ void __launch_bounds__(kThreads)
    gemv_kernel(std::int64_t in, std::int64_t out, const float* __restrict__ x, Weights weights, Nf4Tables given,
                const float* __restrict__ bias, float* __restrict__ y, bool accumulate, bool x_aligned) {
  constexpr int kPack = Weights::kPack, kUnroll = Weights::kUnroll;
  __shared__ float room[kWarps][kOut * kRows];
  __shared__ Nf4Tables tables;
  if constexpr (Weights::kTables) {
    load_tables(given, tables);
    __syncthreads();
  }
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kOut;
  float sum[kOut][kRows] = {};
  for (std::int64_t start = 0; start < in; start += kThreads * kPack * kUnroll) {
    typename Weights::Pack pack[kUnroll][kOut];
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const std::int64_t i = start + (u * kThreads + static_cast<int>(threadIdx.x)) * kPack;
#pragma unroll
      for (int o = 0; o < kOut; ++o) {
        // Rows past the end repeat the last one and are not written.
        const std::int64_t row = first + o < out ? first + o : out - 1;
        weights.load(pack[u][o], in, row, i < in ? i : in, &tables);
      }
    }
#pragma unroll
    for (int u = 0; u < kUnroll; ++u) {
      const std::int64_t i = start + (u * kThreads + static_cast<int>(threadIdx.x)) * kPack;
      float part[kOut][kRows] = {};
#pragma unroll
      for (int k = 0; k < kPack; k += 4) {
        float factor[kRows][4];
#pragma unroll
        for (int r = 0; r < kRows; ++r) load_four(factor[r], x + r * in + i + k, in - i - k, x_aligned);
#pragma unroll
        for (int o = 0; o < kOut; ++o) {
#pragma unroll
          for (int j = 0; j < 4; ++j) {
            const float value = pack[u][o].value(k + j, tables.values);
#pragma unroll
            for (int r = 0; r < kRows; ++r) part[o][r] += value * factor[r][j];
          }
        }
      }
#pragma unroll
      for (int o = 0; o < kOut; ++o) {
#pragma unroll
        for (int r = 0; r < kRows; ++r) sum[o][r] += pack[u][o].scale() * part[o][r];
      }
    }
  }
  const int lane = static_cast<int>(threadIdx.x % kWarpSize), warp = static_cast<int>(threadIdx.x / kWarpSize);
#pragma unroll
  for (int o = 0; o < kOut; ++o) {
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const float total = warp_sum(sum[o][r]);
      if (lane == 0) room[warp][o * kRows + r] = total;
    }
  }
  __syncthreads();
  if (threadIdx.x >= kOut * kRows) return;
  const std::int64_t o = first + threadIdx.x / kRows;
  if (o >= out) return;
  float total = room[0][threadIdx.x];
  for (int part = 1; part < kWarps; ++part) total += room[part][threadIdx.x];
  float& to = y[threadIdx.x % kRows * out + o];
  float base = accumulate ? to : 0.0f;
  if (bias != nullptr) base += bias[o];
  to = base + total * weights.finish(o);
}

template <class Weights>
void multiply(const CudaQueue& queue, const MatmulArgs& args, const Weights& weights) {
  const auto blocks = static_cast<unsigned>(blocks_for(args.out, kOut));
  const bool x_aligned = rows_aligned(args.x, args.in, 4, 16);
  const Nf4Tables tables = Weights::kTables ? nf4_tables() : Nf4Tables{};
  const auto with_rows = [&](auto kernel) {
    launch(queue, kernel, blocks, kThreads, 0, args.in, args.out, args.x, weights, tables, args.bias, args.y,
           args.accumulate, x_aligned);
  };
  switch (args.n_rows) {
    case 1: return with_rows(gemv_kernel<1, Weights>);
    case 2: return with_rows(gemv_kernel<2, Weights>);
    case 3: return with_rows(gemv_kernel<3, Weights>);
    default: return with_rows(gemv_kernel<4, Weights>);
  }
}

}  // namespace

void gemv(const CudaQueue& queue, const MatmulArgs& args) {
  const WeightView& weight = args.weight;
  switch (weight.format) {
    case WeightFormat::kBF16:
      return multiply(
          queue, args,
          Bf16Weights{static_cast<const std::uint16_t*>(weight.data), rows_aligned(weight.data, args.in, 2, 16)});
    case WeightFormat::kInt8:
      return multiply(queue, args,
                      Int8Weights{static_cast<const std::int8_t*>(weight.data), weight.row_scales,
                                  rows_aligned(weight.data, args.in, 1, 8)});
    case WeightFormat::kNf4: {
      const auto* codes = static_cast<const std::uint8_t*>(weight.data);
      if (args.in % 8 == 0 && weight.first % 8 == 0 && is_aligned(codes, 4)) {
        return multiply(queue, args, Nf4Weights{codes, *weight.nf4, weight.first});
      }
      return multiply(queue, args, AnyNf4Weights{codes, *weight.nf4, weight.first});
    }
    default:
      return multiply(queue, args,
                      F32Weights{static_cast<const float*>(weight.data), rows_aligned(weight.data, args.in, 4, 16)});
  }
}

}  // namespace matinee
