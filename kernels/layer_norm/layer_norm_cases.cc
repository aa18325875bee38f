#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, width;
  float low = -1, high = 1;
  bool bias = true;
  bool accumulate = false;
};

template <class T>
LayerNormArgsOf<T> forward_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .width = s.width,
          .x = t[0],
          .weight = t[1],
          .bias = s.bias ? t[2] : nullptr,
          .y = t[3],
          .mean = t[4],
          .rstd = t[5]};
}

template <class T>
LayerNormBackwardArgsOf<T> backward_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .width = s.width,
          .grad_y = t[0],
          .x = t[1],
          .weight = t[2],
          .mean = t[3],
          .rstd = t[4],
          .grad_x = t[5],
          .accumulate = s.accumulate,
          .grad_weight = t[6],
          .grad_bias = s.bias ? t[7] : nullptr};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  const std::string text = fmt::format("n_rows={} width={} low={} high={}{}{}", s.n_rows, s.width, s.low, s.high,
                                       s.bias ? " bias" : "", s.accumulate ? " accumulate" : "");
  const std::int64_t n = s.n_rows * s.width;
  // The error of the mean is `width` roundings of the largest x. Divided by the standard deviation it is the error of
  // the normalized value. The inverse of that deviation is at most 1/sqrt(eps) = 316, for a row of equal elements.
  const double largest = std::max(std::abs(static_cast<double>(s.low)), std::abs(static_cast<double>(s.high)));
  const double inverse =
      s.width < 16 || s.low == s.high ? 316.3 : 4.0 / (static_cast<double>(s.high) - static_cast<double>(s.low));
  const double rounding = (static_cast<double>(s.width) + 8) * kFloatRounding;
  const double error = rounding * (largest * inverse + 4);
  KernelCase forward{.name = "layer_norm_forward " + text,
                     .tensors = {{.name = "x", .size = n, .low = s.low, .high = s.high},
                                 {.name = "weight", .size = s.width},
                                 {.name = "bias", .size = s.bias ? s.width : 0},
                                 {.name = "y",
                                  .size = n,
                                  .role = Role::kOutput,
                                  .absolute = error,
                                  .relative = rounding,
                                  .reason = "the mean's roundings over the standard deviation"},
                                 {.name = "mean",
                                  .size = s.n_rows,
                                  .role = Role::kOutput,
                                  .absolute = rounding * largest,
                                  .reason = "a sum of width"},
                                 {.name = "rstd",
                                  .size = s.n_rows,
                                  .role = Role::kOutput,
                                  .relative = rounding + error,
                                  .reason = "a sum of width squares about a rounded mean"}},
                     .run = [s](Context& context, float* const* t) { layer_norm_forward(context, forward_args(s, t)); },
                     .reference = [s](double* const* t) { layer_norm_forward_ref(forward_args(s, t)); },
                     .operations = 8.0 * static_cast<double>(n),
                     .bytes = 8.0 * static_cast<double>(n)};
  KernelCase backward{
      .name = "layer_norm_backward " + text,
      .tensors = {{.name = "grad_y", .size = n},
                  {.name = "x", .size = n, .low = s.low, .high = s.high},
                  {.name = "weight", .size = s.width},
                  {.name = "mean", .size = s.n_rows},
                  {.name = "rstd", .size = s.n_rows},
                  {.name = "grad_x",
                   .size = n,
                   .role = s.accumulate ? Role::kAdded : Role::kOutput,
                   .absolute = 4 * inverse * (rounding + error),
                   .relative = rounding,
                   .reason = "sums of width products"},
                  {.name = "grad_weight",
                   .size = s.width,
                   .role = Role::kAdded,
                   .absolute = 4 * static_cast<double>(s.n_rows + 2) * (kFloatRounding + error),
                   .reason = "a sum of n_rows products of size below 2"},
                  {.name = "grad_bias",
                   .size = s.bias ? s.width : 0,
                   .role = Role::kAdded,
                   .absolute = 4 * static_cast<double>(s.n_rows + 2) * kFloatRounding,
                   .reason = "a sum of n_rows"}},
      .prepare =
          [s](double* const* t) {
            std::vector<double> y(static_cast<std::size_t>(s.n_rows * s.width));
            Shape plain = s;
            plain.bias = false;
            double* const tensors[] = {t[1], t[2], nullptr, y.data(), t[3], t[4]};
            layer_norm_forward_ref(forward_args(plain, tensors));
          },
      .run = [s](Context& context, float* const* t) { layer_norm_backward(context, backward_args(s, t)); },
      .reference = [s](double* const* t) { layer_norm_backward_ref(backward_args(s, t)); },
      .operations = 14.0 * static_cast<double>(n),
      .bytes = 12.0 * static_cast<double>(n)};
  for (KernelCase* c : {&forward, &backward}) add_case(cases, std::move(*c), timed_only);
}

}  // namespace

std::vector<KernelCase> layer_norm_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t width : {1, 7, 31, 32, 33, 101, 255, 257}) {
    for (const std::int64_t n_rows : {0, 1, 130}) add_shape(cases, {n_rows, width});
  }
  add_shape(cases, {5, 33, 100, 101});
  add_shape(cases, {5, 33, 2, 2});
  add_shape(cases, {65, 64, -1, 1, false, true});
  // On a GPU: rows that a block takes in one, two or four rounds, and rows too wide for its registers.
  for (const std::int64_t width : {513, 1024, 1028, 2049, 5000, 8192, 8196, 9001}) add_shape(cases, {3, width});
  add_shape(cases, {40, 516});
  add_shape(cases, {4096, 256}, true);
  return cases;
}

}  // namespace matinee
