#include <vector>

#include "kernels/reference.h"

namespace matinee {
namespace {

// drop(x), element by element.
template <class Args>
std::vector<double> dropped(const Args& args) {
  std::vector<double> result(static_cast<std::size_t>(args.n_rows * args.in));
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t i = 0; i < args.in; ++i) {
      const std::int64_t at = row * args.in + i;
      const double factor =
          args.dropout.drop_probability == 0 ? 1.0 : lora_dropout_factor(args.dropout, args.in, row, i);
      result[static_cast<std::size_t>(at)] = factor * args.x[at];
    }
  }
  return result;
}

}  // namespace

void lora_matmul_forward_ref(const LoraMatmulArgsOf<double>& args) {
  const std::vector<double> x = dropped(args);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    double* xa = args.xa + row * args.rank;
    for (std::int64_t r = 0; r < args.rank; ++r) {
      xa[r] = 0;
      for (std::int64_t i = 0; i < args.in; ++i) {
        xa[r] += x[static_cast<std::size_t>(row * args.in + i)] * args.lora_A[r * args.in + i];
      }
    }
    for (std::int64_t o = 0; o < args.out; ++o) {
      double sum = 0;
      for (std::int64_t r = 0; r < args.rank; ++r) sum += xa[r] * args.lora_B[o * args.rank + r];
      args.y[row * args.out + o] += static_cast<double>(args.scaling) * sum;
    }
  }
}

void lora_matmul_backward_ref(const LoraMatmulBackwardArgsOf<double>& args) {
  const std::vector<double> x = dropped(args);
  const double scaling = args.scaling;
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t r = 0; r < args.rank; ++r) {
      double grad_xa = 0;
      for (std::int64_t o = 0; o < args.out; ++o) {
        const double grad_y = args.grad_y[row * args.out + o];
        args.grad_B[o * args.rank + r] += scaling * grad_y * args.xa[row * args.rank + r];
        grad_xa += scaling * grad_y * args.lora_B[o * args.rank + r];
      }
      for (std::int64_t i = 0; i < args.in; ++i) {
        args.grad_A[r * args.in + i] += grad_xa * x[static_cast<std::size_t>(row * args.in + i)];
        if (args.grad_x == nullptr) continue;
        const double factor =
            args.dropout.drop_probability == 0 ? 1.0 : lora_dropout_factor(args.dropout, args.in, row, i);
        args.grad_x[row * args.in + i] += factor * grad_xa * args.lora_A[r * args.in + i];
      }
    }
  }
}

}  // namespace matinee
