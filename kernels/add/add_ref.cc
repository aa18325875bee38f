#include "kernels/reference.h"

namespace matinee {

void add_scaled_ref(const AddArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n; ++i) {
    args.y[i] = static_cast<double>(args.scale) * args.x[i] + (args.accumulate ? args.y[i] : 0);
  }
}

}  // namespace matinee
