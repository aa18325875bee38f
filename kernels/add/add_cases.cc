#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {

std::vector<KernelCase> add_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t n : {0, 1, 7, 33, 257, 140001, 4096 * 256}) {
    KernelCase c{
        .name = fmt::format("add_inplace n={}", n),
        .tensors = {{.name = "x", .size = n},
                    {.name = "y", .size = n, .role = Role::kAdded, .relative = kFloatRounding, .reason = "one sum"}},
        .run = [n](Context& context, float* const* t) { add_inplace(context, {.n = n, .x = t[0], .y = t[1]}); },
        .reference = [n](double* const* t) { add_inplace_ref({.n = n, .x = t[0], .y = t[1]}); },
        .operations = static_cast<double>(n),
        .bytes = 12.0 * static_cast<double>(n)};
    if (n == 4096 * 256) c.reference = {};
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace matinee
