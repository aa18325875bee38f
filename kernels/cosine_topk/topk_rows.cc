#include "kernels/cosine_topk/topk_rows.h"

#include <algorithm>

namespace matinee {
namespace {

constexpr int kStaged = 16;  // rows that are float32 at a time

}  // namespace

const ScreenKernel& screen_kernel(const Context& context) {
  static const bool has_vnni = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512vnni") != 0;
  }();
  return context.isa() >= IsaLevel::kAvx512 && has_vnni ? kScreenAvx512Vnni : kScreenAvx2;
}

RowEncoder::RowEncoder(const CosineTopkArgs& args, const ScreenKernel& kernel, std::int64_t stride, Scratch& scratch)
    : args_(args),
      kernel_(kernel),
      stride_(stride),
      staged_(scratch.take_array<float>(static_cast<std::size_t>(kStaged * stride))) {}

ScreenRows RowEncoder::take_tile(std::int64_t stride, Scratch& scratch) {
  ScreenRows tile;
  tile.stride = stride;
  tile.codes = scratch.take_array<std::uint8_t>(static_cast<std::size_t>(kScreenRows * stride));
  for (float** each : {&tile.inverse_scale, &tile.norm, &tile.error})
    *each = std::fill_n(scratch.take_array<float>(kScreenRows), kScreenRows, 0.0f) - kScreenRows;
  return tile;
}

// The values of a row of all sets, one after the other.
void RowEncoder::widen(std::int32_t row, float* to) const {
  float* const end = to + stride_;
  for (int s = 0; s < args_.n_sets; ++s) {
    const VectorSet& set = args_.sets[s];
    const std::int64_t from = row * set.dim;
    if (args_.storage == DType::kF32) {
      std::copy_n(static_cast<const float*>(set.rows) + from, set.dim, to);
    } else if (args_.storage == DType::kBF16) {
      const auto* values = static_cast<const bf16*>(set.rows) + from;
      for (std::int64_t i = 0; i < set.dim; ++i) to[i] = to_float(values[i]);
    } else {
      const auto* codes = static_cast<const std::int8_t*>(set.rows) + from;
      const float scale = set.row_scales[row];
      for (std::int64_t i = 0; i < set.dim; ++i) to[i] = static_cast<float>(codes[i]) * scale;
    }
    to += set.dim;
  }
  std::fill(to, end, 0.0f);
}

void RowEncoder::encode(const std::int32_t* ids, int n, ScreenRows& tile) const {
  tile.n_rows = n;
  const std::int64_t dim = args_.sets[0].dim;
  const bool one_set = args_.n_sets == 1;
  for (int first = 0; first < n; first += kStaged, ids += kStaged) {
    ScreenRows part = tile;
    part.n_rows = std::min(kStaged, n - first);
    part.codes += first * stride_;
    for (float** each : {&part.inverse_scale, &part.norm, &part.error}) *each += first;
    const bool consecutive = ids[part.n_rows - 1] - ids[0] == part.n_rows - 1;
    if (args_.storage == DType::kI8 && one_set && kernel_.take_codes != nullptr) {
      const std::int8_t* rows[kStaged];
      float scales[kStaged];
      for (int r = 0; r < part.n_rows; ++r) {
        rows[r] = static_cast<const std::int8_t*>(args_.sets[0].rows) + ids[r] * dim;
        scales[r] = args_.sets[0].row_scales[ids[r]];
      }
      kernel_.take_codes(rows, dim, scales, part);
    } else if (args_.storage == DType::kF32 && one_set && dim == stride_ && consecutive) {
      kernel_.encode(static_cast<const float*>(args_.sets[0].rows) + ids[0] * dim, part);
    } else {
      for (int r = 0; r < part.n_rows; ++r) widen(ids[r], staged_ + r * stride_);
      kernel_.encode(staged_, part);
    }
  }
}

}  // namespace matinee
