#include "kernels/reference.h"

namespace matinee {

void round_bf16_ref(const RoundBf16ArgsOf<double>& args) {
  const std::int64_t stride = bf16_stride(args.width);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t i = 0; i < stride; ++i) {
      const double value = i < args.width ? args.x[row * args.width + i] : 0.0;
      args.y[row * stride + i] = to_bf16(static_cast<float>(value));
    }
  }
}

}  // namespace matinee
