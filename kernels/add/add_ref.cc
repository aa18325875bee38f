#include "kernels/reference.h"

namespace matinee {

void add_inplace_ref(const AddArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n; ++i) args.y[i] += args.x[i];
}

}  // namespace matinee
