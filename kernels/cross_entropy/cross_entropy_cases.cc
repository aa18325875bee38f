#include <fmt/core.h>

#include <cmath>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, vocab;
  bool with_gradient = true;
  float magnitude = 5;
  bool ties = false;  // logits are whole numbers
  float softcap = 0;
};

template <class T>
void call(const Shape& s, const std::shared_ptr<DeviceAllocator>& allocator, const std::int32_t* targets, T* const* t,
          const auto& operation) {
  DeviceBuffer<CrossEntropySums> kept(allocator, 1);
  operation(CrossEntropyArgsOf<T>{.n_rows = s.n_rows,
                                  .vocab = s.vocab,
                                  .logits = t[0],
                                  .targets = targets,
                                  .with_gradient = s.with_gradient,
                                  .softcap = s.softcap,
                                  .grad_scale = 0.5f,
                                  .sums = kept.data()});
  const CrossEntropySums sums = kept.values().front();
  write_numbers(*allocator, std::vector{sums.loss}, t[1]);
  write_numbers(*allocator, std::vector{sums.n_counted}, t[2]);
  write_numbers(*allocator, std::vector{sums.n_correct}, t[3]);
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  std::vector<std::int32_t> next;
  for (std::int64_t row = 0; row < s.n_rows; ++row) {
    next.push_back(row % 3 == 2 ? kIgnoredTarget : static_cast<std::int32_t>(row * 17 % s.vocab));
  }
  const CaseInput<std::int32_t> targets(std::move(next));
  const auto rows = static_cast<double>(s.n_rows);
  // The errors of a sum of `vocab` exponentials of 3e-7 each, and of rounding logit - maximum.
  const double relative =
      3e-7 + (std::sqrt(static_cast<double>(s.vocab)) + 2 * static_cast<double>(s.magnitude)) * kFloatRounding;
  KernelCase c{
      .name = fmt::format("cross_entropy n_rows={} vocab={}{} magnitude={} softcap={}{}", s.n_rows, s.vocab,
                          s.with_gradient ? " with_gradient" : "", s.magnitude, s.softcap, s.ties ? " ties" : ""),
      .tensors = {{.name = "logits",
                   .size = s.n_rows * s.vocab,
                   .role = s.with_gradient ? Role::kAdded : Role::kInput,
                   .low = -s.magnitude,
                   .high = s.magnitude,
                   .absolute = 2 * relative,
                   .reason = "the exponentials' errors and those of their sum"},
                  {.name = "loss",
                   .size = 1,
                   .role = Role::kOutput,
                   .absolute = rows * relative,
                   .relative = kFloatRounding,
                   .reason = "the relative error of the sum of each row"},
                  {.name = "n_counted", .size = 1, .role = Role::kOutput},
                  {.name = "n_correct", .size = 1, .role = Role::kOutput}},
      .run =
          [s, targets](Context& context, float* const* t) {
            call(s, context.allocator(), targets.in(context), t,
                 [&](const CrossEntropyArgs& args) { cross_entropy(context, args); });
          },
      .reference =
          [s, targets](double* const* t) {
            call(s, host_allocator(), targets.host(), t,
                 [](const CrossEntropyArgsOf<double>& args) { cross_entropy_ref(args); });
          },
      .operations = 20 * rows * static_cast<double>(s.vocab),
      .bytes = 8 * rows * static_cast<double>(s.vocab)};
  if (s.ties) {
    c.prepare = [s](double* const* t) {
      for (std::int64_t i = 0; i < s.n_rows * s.vocab; ++i) t[0][i] = std::round(t[0][i]);
    };
  }
  add_case(cases, std::move(c), timed_only);
}

}  // namespace

std::vector<KernelCase> cross_entropy_cases() {
  std::vector<KernelCase> cases;
  for (const bool with_gradient : {true, false}) {
    add_shape(cases, {0, 5, with_gradient});
    add_shape(cases, {1, 1, with_gradient});
    add_shape(cases, {2, 7, with_gradient});
    add_shape(cases, {3, 31, with_gradient});
    add_shape(cases, {40, 33, with_gradient, 2, true});
    add_shape(cases, {50, 257, with_gradient});
    add_shape(cases, {5, 1031, with_gradient, 300});
    add_shape(cases, {6, 64, with_gradient, 0});
    add_shape(cases, {4, 9001, with_gradient});
    add_shape(cases, {5, 33, with_gradient, 4.9f, false, 5});
    add_shape(cases, {5, 9001, with_gradient, 29, false, 30});
  }
  add_shape(cases, {1024, 4096}, true);
  return cases;
}

}  // namespace matinee
