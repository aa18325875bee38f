#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y[i] += x[i].
template <class T>
struct AddArgsOf {
  std::int64_t n = 0;
  const T* x = nullptr;
  T* y = nullptr;
};
using AddArgs = AddArgsOf<float>;

/// Adds a residual branch. Throws Error(kInternal) for a negative size or missing pointers.
void add_inplace(Context& context, const AddArgs& args);

}  // namespace matinee
