#pragma once

// The queries of a search on the CPU, prepared for the inner kernels.

#include <cstdint>

#include "kernels/context.h"
#include "kernels/cosine_topk/cosine_topk_kernels.h"

namespace matinee {

/// Queries times their weights, in the format of the storage: set after set, each padded with zeros.
struct PreparedQueries {
  std::int64_t stride = 0;
  float* values = nullptr;        ///< [n, stride], kF32 and kBF16
  std::int16_t* codes = nullptr;  ///< [n, stride], kI8
  float* scales = nullptr;        ///< [n, n_sets], kI8
  const void* data() const { return values != nullptr ? static_cast<const void*>(values) : codes; }
};

/// Prepares the queries [first, first + n).
PreparedQueries prepare_queries(const CosineTopkArgs& args, std::int64_t first, std::int64_t n, Context& context);

/// The same queries as codes for a screening.
struct ScreenQueries {
  std::int64_t n = 0, padded = 0;  ///< padded to whole blocks
  std::int64_t stride = 0;         ///< bytes of a query or a row
  ScreenBatch batch;               ///< without thresholds, which each worker has for itself
  float* scale = nullptr;          ///< [padded]; NaN where a score may be anything
};

/// Bytes of a row's codes.
std::int64_t screen_stride(const CosineTopkArgs& args);
ScreenQueries encode_queries(const CosineTopkArgs& args, const PreparedQueries& prepared, std::int64_t n,
                             const ScreenKernel& kernel, Context& context);

}  // namespace matinee
