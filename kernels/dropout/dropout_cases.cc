#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, width;
  float drop_probability = 0.25f;
  enum class Into { kOther, kSum, kRest } into = Into::kOther;
};

template <class T>
DropoutArgsOf<T> args_of(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .width = s.width,
          .dropout = {.drop_probability = s.drop_probability, .key = 0x1234567890abcdefu, .first_row = 5},
          .x = t[0],
          .y = t[1],
          .accumulate = s.into == Shape::Into::kSum,
          .rest = s.into == Shape::Into::kRest ? t[2] : nullptr};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  const std::int64_t n = s.n_rows * s.width, rest = s.into == Shape::Into::kRest ? n : 0;
  const double largest = 2 + 1 / (1 - static_cast<double>(s.drop_probability));
  KernelCase c{.name = fmt::format("dropout_rows n_rows={} width={} drop_probability={}{}", s.n_rows, s.width,
                                   s.drop_probability,
                                   s.into == Shape::Into::kSum    ? " accumulate"
                                   : s.into == Shape::Into::kRest ? " rest"
                                                                  : ""),
               .tensors = {{.name = "x", .size = n},
                           {.name = "y",
                            .size = n,
                            .role = s.into == Shape::Into::kSum ? Role::kAdded : Role::kOutput,
                            .absolute = 2 * largest * kFloatRounding,
                            .reason = "a product and a sum"},
                           {.name = "rest",
                            .size = rest,
                            .role = Role::kOutput,
                            .absolute = 2 * largest * kFloatRounding,
                            .reason = "a product and a difference"}},
               .run = [s](Context& context, float* const* t) { dropout_rows(context, args_of(s, t)); },
               .reference = [s](double* const* t) { dropout_rows_ref(args_of(s, t)); },
               .operations = 30.0 * static_cast<double>(n),
               .bytes = 4.0 * static_cast<double>(2 * n + rest)};
  add_case(cases, std::move(c), timed_only);
}

}  // namespace

std::vector<KernelCase> dropout_cases() {
  std::vector<KernelCase> cases;
  for (const auto into : {Shape::Into::kOther, Shape::Into::kSum, Shape::Into::kRest}) {
    add_shape(cases, {0, 7, 0.25f, into});
    add_shape(cases, {1, 1, 0.25f, into});
    add_shape(cases, {7, 33, 0.5f, into});
    add_shape(cases, {70, 257, 0.05f, into});
    add_shape(cases, {130, 64, 0.9f, into});
    add_shape(cases, {3, 101, 0, into});
  }
  add_shape(cases, {4096, 256, 0.05f}, true);
  return cases;
}

}  // namespace matinee
