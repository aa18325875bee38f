#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n, step;
  double weight_decay = 0.1;
  float grad_scale = 0.5f;
};

template <class T>
AdamWArgsOf<T> args_of(const Shape& s, T* const* t) {
  return {.n = s.n,
          .param = t[0],
          .grad = t[1],
          .m = t[2],
          .v = t[3],
          .learning_rate = 1e-2,
          .beta1 = 0.9,
          .beta2 = 0.95,
          .eps = 1e-8,
          .weight_decay = s.weight_decay,
          .step = s.step,
          .grad_scale = s.grad_scale};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  KernelCase c{
      .name = fmt::format("adamw_update n={} step={} weight_decay={} grad_scale={}", s.n, s.step, s.weight_decay,
                          s.grad_scale),
      // At step 1 the corrected moments are about 20 times their stored values, and a ratio of 1e-2·20 is rounded
      // six times.
      .tensors =
          {{.name = "param", .size = s.n, .role = Role::kAdded, .absolute = 1e-6, .reason = "six roundings"},
           {.name = "grad", .size = s.n},
           {.name = "m", .size = s.n, .role = Role::kAdded, .absolute = 4 * kFloatRounding, .reason = "four roundings"},
           {.name = "v",
            .size = s.n,
            .role = Role::kAdded,
            .low = 0.25f,
            .absolute = 5 * kFloatRounding,
            .reason = "five roundings"}},
      .run = [s](Context& context, float* const* t) { adamw_update(context, args_of(s, t)); },
      .reference = [s](double* const* t) { adamw_update_ref(args_of(s, t)); },
      .operations = 15.0 * static_cast<double>(s.n),
      .bytes = 28.0 * static_cast<double>(s.n)};
  add_case(cases, std::move(c), timed_only);
}

void add_squared_sum(std::vector<KernelCase>& cases, std::int64_t n, float magnitude, bool timed_only = false) {
  KernelCase c{.name = fmt::format("squared_sum n={} magnitude={}", n, magnitude),
               .tensors = {{.name = "x", .size = n, .low = -magnitude, .high = magnitude},
                           {.name = "sum",
                            .size = 1,
                            .role = Role::kOutput,
                            .relative = 2 * kFloatRounding,
                            .reason = "summed in float64, rounded to float32 by the case"}},
               .run =
                   [n](Context& context, float* const* t) {
                     const double one = 1;
                     DeviceBuffer<double> sum(context.allocator(), std::span(&one, 1));
                     squared_sum(context, {.n = n, .x = t[0], .sum = sum.data()});
                     write_numbers(*context.allocator(), sum.values(), t[1]);
                   },
               .reference =
                   [n](double* const* t) {
                     t[1][0] = 1;
                     squared_sum_ref({.n = n, .x = t[0], .sum = t[1]});
                   },
               .operations = 2.0 * static_cast<double>(n),
               .bytes = 4.0 * static_cast<double>(n)};
  add_case(cases, std::move(c), timed_only);
}

}  // namespace

std::vector<KernelCase> adamw_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t n : {0, 1, 7, 33, 257, 70001}) {
    add_shape(cases, {n, 1});
    add_shape(cases, {n, 1000, 0, 1});
    add_squared_sum(cases, n, 1);
  }
  add_squared_sum(cases, 33, 1e15f);
  add_squared_sum(cases, 33, 0);
  add_shape(cases, {5800000, 10}, true);
  add_squared_sum(cases, 5800000, 1, true);
  return cases;
}

}  // namespace matinee
