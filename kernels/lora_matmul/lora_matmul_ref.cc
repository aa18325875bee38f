#include <vector>

#include "kernels/reference.h"

namespace matinee {
namespace {

double factor_of(const LoraDropout& dropout, std::int64_t in, std::int64_t row, std::int64_t column) {
  return dropout.drop_probability == 0 ? 1.0 : lora_dropout_factor(dropout, in, row, column);
}

// drop(x), element by element.
std::vector<double> dropped(const LoraDropout& dropout, std::int64_t n_rows, std::int64_t in, const double* x) {
  std::vector<double> result(static_cast<std::size_t>(n_rows * in));
  for (std::int64_t row = 0; row < n_rows; ++row) {
    for (std::int64_t i = 0; i < in; ++i) {
      const std::int64_t at = row * in + i;
      result[static_cast<std::size_t>(at)] = factor_of(dropout, in, row, i) * x[at];
    }
  }
  return result;
}

void forward(const LoraMatmulArgsOf<double>& args, const LoraPartOf<double>& part) {
  const std::vector<double> x = dropped(part.dropout, args.n_rows, args.in, args.x);
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    double* xa = part.xa + row * part.rank;
    for (std::int64_t r = 0; r < part.rank; ++r) {
      xa[r] = 0;
      for (std::int64_t i = 0; i < args.in; ++i) {
        xa[r] += x[static_cast<std::size_t>(row * args.in + i)] * part.lora_A[r * args.in + i];
      }
    }
    for (std::int64_t o = 0; o < part.out; ++o) {
      double sum = 0;
      for (std::int64_t r = 0; r < part.rank; ++r) sum += xa[r] * part.lora_B[o * part.rank + r];
      part.y[row * part.out + o] += static_cast<double>(part.scaling) * sum;
    }
  }
}

void backward(const LoraMatmulBackwardArgsOf<double>& args, const LoraBackwardPartOf<double>& part) {
  const std::vector<double> x = dropped(part.dropout, args.n_rows, args.in, args.x);
  const double scaling = part.scaling;
  for (std::int64_t row = 0; row < args.n_rows; ++row) {
    for (std::int64_t r = 0; r < part.rank; ++r) {
      double t = 0;
      for (std::int64_t o = 0; o < part.out; ++o) {
        const double grad_y = part.grad_y[row * part.out + o];
        part.grad_B[o * part.rank + r] += scaling * grad_y * part.xa[row * part.rank + r];
        t += scaling * grad_y * part.lora_B[o * part.rank + r];
      }
      for (std::int64_t i = 0; i < args.in; ++i) {
        part.grad_A[r * args.in + i] += t * x[static_cast<std::size_t>(row * args.in + i)];
        if (args.grad_x == nullptr) continue;
        args.grad_x[row * args.in + i] += factor_of(part.dropout, args.in, row, i) * t * part.lora_A[r * args.in + i];
      }
    }
  }
}

}  // namespace

void lora_matmul_forward_ref(const LoraMatmulArgsOf<double>& args) {
  for (const auto& part : args.parts) forward(args, part);
}

void lora_matmul_backward_ref(const LoraMatmulBackwardArgsOf<double>& args) {
  for (const auto& part : args.parts) backward(args, part);
}

}  // namespace matinee
