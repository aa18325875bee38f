#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y[i] = scale·x[i], plus y[i] with `accumulate`.
template <class T>
struct AddArgsOf {
  std::int64_t n = 0;
  const T* x = nullptr;
  T* y = nullptr;  ///< may be x without `accumulate`
  float scale = 1;
  bool accumulate = true;
};
using AddArgs = AddArgsOf<float>;

/// Adds a residual branch, or scales activations. Throws Error(kInternal) for a negative size or missing pointers.
void add_scaled(Context& context, const AddArgs& args);

}  // namespace matinee
