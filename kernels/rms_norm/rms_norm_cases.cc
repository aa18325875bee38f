#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, width;
  float magnitude = 1;
  bool accumulate = false;
};

template <class T>
RmsNormArgsOf<T> forward_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows, .width = s.width, .x = t[0], .weight = t[1], .y = t[2], .rstd = t[3]};
}

template <class T>
RmsNormBackwardArgsOf<T> backward_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .width = s.width,
          .grad_y = t[0],
          .x = t[1],
          .weight = t[2],
          .rstd = t[3],
          .grad_x = t[4],
          .accumulate = s.accumulate,
          .grad_weight = t[5]};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  const std::string text = fmt::format("n_rows={} width={} magnitude={}{}", s.n_rows, s.width, s.magnitude,
                                       s.accumulate ? " accumulate" : "");
  const std::int64_t n = s.n_rows * s.width;
  // The mean of the squares has a relative error of at most `width` roundings; the root halves it.
  const double relative = (static_cast<double>(s.width) / 2 + 8) * kFloatRounding;
  KernelCase forward{.name = "rms_norm_forward " + text,
                     .tensors = {{.name = "x", .size = n, .low = -s.magnitude, .high = s.magnitude},
                                 {.name = "weight", .size = s.width},
                                 {.name = "y",
                                  .size = n,
                                  .role = Role::kOutput,
                                  .absolute = 1e-30,
                                  .relative = relative,
                                  .reason = "a sum of width squares, halved by the root"},
                                 {.name = "rstd",
                                  .size = s.n_rows,
                                  .role = Role::kOutput,
                                  .relative = relative,
                                  .reason = "a sum of width squares, halved by the root"}},
                     .run = [s](Context& context, float* const* t) { rms_norm_forward(context, forward_args(s, t)); },
                     .reference = [s](double* const* t) { rms_norm_forward_ref(forward_args(s, t)); },
                     .operations = 4.0 * static_cast<double>(n),
                     .bytes = 8.0 * static_cast<double>(n)};
  // grad_x is the difference of two terms of about grad_y·weight·rstd. rstd is near sqrt(3) / magnitude, but may be
  // larger for a short row whose elements happen to be near zero; eps bounds it at 316.
  const double scale = s.width < 16 || s.magnitude == 0 ? 316.3 : 4.0 / static_cast<double>(s.magnitude);
  KernelCase backward{
      .name = "rms_norm_backward " + text,
      .tensors = {{.name = "grad_y", .size = n},
                  {.name = "x", .size = n, .low = -s.magnitude, .high = s.magnitude},
                  {.name = "weight", .size = s.width},
                  {.name = "rstd", .size = s.n_rows},
                  {.name = "grad_x",
                   .size = n,
                   .role = s.accumulate ? Role::kAdded : Role::kOutput,
                   .absolute = scale * relative,
                   .relative = relative,
                   .reason = "a sum of width products"},
                  {.name = "grad_weight",
                   .size = s.width,
                   .role = Role::kAdded,
                   .absolute = 4 * static_cast<double>(s.n_rows + 2) * kFloatRounding,
                   .reason = "a sum of n_rows products of size below 2"}},
      .prepare =
          [s](double* const* t) {
            std::vector<double> y(static_cast<std::size_t>(s.n_rows * s.width));
            double* const tensors[] = {t[1], t[2], y.data(), t[3]};
            rms_norm_forward_ref(forward_args(s, tensors));
          },
      .run = [s](Context& context, float* const* t) { rms_norm_backward(context, backward_args(s, t)); },
      .reference = [s](double* const* t) { rms_norm_backward_ref(backward_args(s, t)); },
      .operations = 10.0 * static_cast<double>(n),
      .bytes = 12.0 * static_cast<double>(n)};
  for (KernelCase* c : {&forward, &backward}) add_case(cases, std::move(*c), timed_only);
}

}  // namespace

std::vector<KernelCase> rms_norm_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t width : {1, 7, 31, 32, 33, 101, 255, 257}) {
    for (const std::int64_t n_rows : {0, 1, 130}) add_shape(cases, {n_rows, width});
  }
  add_shape(cases, {5, 33, 1, true});
  add_shape(cases, {5, 33, 1000});
  add_shape(cases, {5, 33, 0});
  add_shape(cases, {65, 64, 1, true});
  // On a GPU: rows that a block takes in one, two or four rounds, and rows too wide for its registers.
  for (const std::int64_t width : {513, 1024, 1028, 2049, 5000, 8192, 8196, 9001}) add_shape(cases, {3, width});
  add_shape(cases, {40, 516});
  add_shape(cases, {4096, 256}, true);
  return cases;
}

}  // namespace matinee
