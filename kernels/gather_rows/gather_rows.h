#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y[i] = x[rows[i]].
template <class T>
struct GatherRowsArgsOf {
  std::int64_t n_rows = 0, n_all = 0, width = 0;
  const std::int32_t* rows = nullptr;  ///< [n_rows], ascending, in [0, n_all)
  const T* x = nullptr;                ///< [n_all, width]
  T* y = nullptr;                      ///< [n_rows, width], overwritten
};
using GatherRowsArgs = GatherRowsArgsOf<float>;

/// y[rows[i]] = x[i]; every other row of y becomes zero.
template <class T>
struct ScatterRowsArgsOf {
  std::int64_t n_rows = 0, n_all = 0, width = 0;
  const std::int32_t* rows = nullptr;  ///< [n_rows], ascending, in [0, n_all)
  const T* x = nullptr;                ///< [n_rows, width]
  T* y = nullptr;                      ///< [n_all, width], overwritten
};
using ScatterRowsArgs = ScatterRowsArgsOf<float>;

/// Copy bytes; y must not overlap x. Throw Error(kInternal) for negative sizes, missing pointers, or rows that are not
/// ascending within [0, n_all).
void gather_rows(Context& context, const GatherRowsArgs& args);
void scatter_rows(Context& context, const ScatterRowsArgs& args);

}  // namespace matinee
