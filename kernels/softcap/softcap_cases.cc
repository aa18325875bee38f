#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

void add_softcap(std::vector<KernelCase>& cases, std::int64_t n, float cap, float magnitude, bool timed_only = false) {
  KernelCase c{
      .name = fmt::format("softcap n={} cap={} magnitude={}", n, cap, magnitude),
      .tensors = {{.name = "x",
                   .size = n,
                   .role = Role::kAdded,
                   .low = -magnitude,
                   .high = magnitude,
                   .relative = 3e-7 + 2 * kFloatRounding,
                   .reason = "the error of tanh, a quotient and a product"}},
      .run = [n, cap](Context& context, float* const* t) { softcap(context, {.n = n, .cap = cap, .x = t[0]}); },
      .reference = [n, cap](double* const* t) { softcap_ref({.n = n, .cap = cap, .x = t[0]}); },
      .operations = 20.0 * static_cast<double>(n),
      .bytes = 8.0 * static_cast<double>(n)};
  add_case(cases, std::move(c), timed_only);
}

}  // namespace

std::vector<KernelCase> softcap_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t n : {0, 1, 7, 33, 40001}) add_softcap(cases, n, 30, 60);
  add_softcap(cases, 2000, 50, 0.01f);  // nearly unchanged
  add_softcap(cases, 2000, 0.5f, 1);    // around the change of formula
  add_softcap(cases, 2000, 1, 1000);    // saturated
  add_softcap(cases, 256 * 4096, 30, 60, true);
  return cases;
}

}  // namespace matinee
