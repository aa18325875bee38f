#pragma once

#include <cstdint>

namespace matinee {

class Context;

/// y[i] += x[i].
struct AddArgs {
  std::int64_t n = 0;
  const float* x = nullptr;
  float* y = nullptr;
};

/// The sum of a residual branch. Throws Error(kInternal) for a negative size or missing pointers.
void add_inplace(Context& context, const AddArgs& args);

}  // namespace matinee
