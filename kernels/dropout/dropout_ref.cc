#include "kernels/reference.h"

namespace matinee {

void dropout_rows_ref(const DropoutArgsOf<double>& args) {
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t column = 0; column < args.width; ++column) {
      const std::int64_t i = row * args.width + column;
      const double kept = args.x[i] * static_cast<double>(lora_dropout_factor(args.dropout, args.width, row, column));
      if (args.rest != nullptr) args.rest[i] = args.x[i] - kept;
      args.y[i] = args.accumulate ? args.y[i] + kept : kept;
    }
  }
}

}  // namespace matinee
