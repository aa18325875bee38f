#pragma once

// Rows of a search on the CPU, encoded for the screening.

#include <cstdint>

#include "kernels/context.h"
#include "kernels/cosine_topk/cosine_topk_kernels.h"

namespace matinee {

/// The screening of the context's instruction set.
const ScreenKernel& screen_kernel(const Context& context);

/// Encodes rows of one search. Uses `scratch` as long as it lives.
class RowEncoder {
 public:
  RowEncoder(const CosineTopkArgs& args, const ScreenKernel& kernel, std::int64_t stride, Scratch& scratch);

  /// Memory for kScreenRows rows.
  static ScreenRows take_tile(std::int64_t stride, Scratch& scratch);
  /// Fills a tile with `n` <= kScreenRows rows.
  void encode(const std::int32_t* ids, int n, ScreenRows& tile) const;

 private:
  void widen(std::int32_t row, float* to) const;

  const CosineTopkArgs& args_;
  const ScreenKernel& kernel_;
  std::int64_t stride_;
  float* staged_;
};

}  // namespace matinee
