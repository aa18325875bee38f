#include <cmath>

#include "kernels/reference.h"

namespace matinee {

void softcap_ref(const SoftcapArgsOf<double>& args) {
  const auto cap = static_cast<double>(args.cap);
  for (std::int64_t i = 0; i < args.n; ++i) args.x[i] = cap * std::tanh(args.x[i] / cap);
}

}  // namespace matinee
