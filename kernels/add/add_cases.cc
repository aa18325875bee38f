#include <fmt/core.h>

#include <utility>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {

std::vector<KernelCase> add_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t n : {0, 1, 7, 33, 257, 140001, 4096 * 256}) {
    for (const auto& [scale, accumulate] : {std::pair(1.0f, true), {0.22f, true}, {12.0f, false}}) {
      const Role role = accumulate ? Role::kAdded : Role::kOutput;
      KernelCase c{.name = fmt::format("add_scaled n={} scale={}{}", n, scale, accumulate ? "" : " overwritten"),
                   .tensors = {{.name = "x", .size = n},
                               {.name = "y",
                                .size = n,
                                .role = role,
                                .absolute = scale == 1 || !accumulate ? 0 : kFloatRounding,
                                .relative = kFloatRounding,
                                .reason = "one product of at most 0.22 and one sum"}},
                   .run =
                       [n, scale, accumulate](Context& context, float* const* t) {
                         add_scaled(context, {.n = n, .x = t[0], .y = t[1], .scale = scale, .accumulate = accumulate});
                       },
                   .reference =
                       [n, scale, accumulate](double* const* t) {
                         add_scaled_ref({.n = n, .x = t[0], .y = t[1], .scale = scale, .accumulate = accumulate});
                       },
                   .operations = static_cast<double>(n),
                   .bytes = (accumulate ? 12.0 : 8.0) * static_cast<double>(n)};
      add_case(cases, std::move(c), n == 4096 * 256);
    }
  }
  return cases;
}

}  // namespace matinee
