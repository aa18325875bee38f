#include <algorithm>

#include "kernels/reference.h"

namespace matinee {

void gather_rows_ref(const GatherRowsArgsOf<double>& args) {
  for (std::int64_t i = 0; i < args.n_rows; ++i) {
    for (std::int64_t c = 0; c < args.width; ++c) args.y[i * args.width + c] = args.x[args.rows[i] * args.width + c];
  }
}

void scatter_rows_ref(const ScatterRowsArgsOf<double>& args) {
  std::fill_n(args.y, args.n_all * args.width, 0.0);
  for (std::int64_t i = 0; i < args.n_rows; ++i) {
    for (std::int64_t c = 0; c < args.width; ++c) args.y[args.rows[i] * args.width + c] = args.x[i * args.width + c];
  }
}

}  // namespace matinee
