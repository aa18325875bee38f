#include <fmt/core.h>

#include <array>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

// The second tensor holds the rounded rows as float32, which is exact.
template <class T, class Run>
void run_case(const std::shared_ptr<DeviceAllocator>& allocator, std::int64_t n_rows, std::int64_t width, T* const* t,
              const Run& run) {
  DeviceBuffer<bf16> y(allocator, static_cast<std::size_t>(n_rows * bf16_stride(width)));
  run(RoundBf16ArgsOf<T>{.n_rows = n_rows, .width = width, .x = t[0], .y = y.data()});
  std::vector<float> values;
  for (const bf16 value : y.values()) values.push_back(to_float(value));
  write_numbers(*allocator, values, t[1]);
}

void add_shape(std::vector<KernelCase>& cases, std::int64_t n_rows, std::int64_t width) {
  cases.push_back(
      {.name = fmt::format("round_bf16 n_rows={} width={}", n_rows, width),
       .tensors = {{.name = "x", .size = n_rows * width},
                   {.name = "y", .size = n_rows * bf16_stride(width), .role = Role::kOutput, .reason = "one rounding"}},
       .run =
           [=](Context& context, float* const* t) {
             run_case(context.allocator(), n_rows, width, t, [&](const auto& args) { round_bf16(context, args); });
           },
       .reference =
           [=](double* const* t) {
             run_case(host_allocator(), n_rows, width, t, [](const auto& args) { round_bf16_ref(args); });
           },
       .operations = static_cast<double>(n_rows * width),
       .bytes = 6.0 * static_cast<double>(n_rows * width)});
}

}  // namespace

std::vector<KernelCase> round_bf16_cases() {
  std::vector<KernelCase> cases;
  for (const auto& [n_rows, width] :
       {std::array<std::int64_t, 2>{0, 7}, {1, 1}, {3, 8}, {33, 31}, {7, 257}, {70, 36}, {5, 1040}, {300, 64}}) {
    add_shape(cases, n_rows, width);
  }
  return cases;
}

}  // namespace matinee
