#include <fmt/core.h>

#include <memory>

#include "kernels/case.h"
#include "kernels/quantize/quantized_matrix.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

CaseTensor exact(const char* name, std::int64_t size) {
  return {.name = name, .size = size, .role = Role::kOutput, .reason = "the definition is in float32: exact"};
}

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

using Memory = std::shared_ptr<DeviceAllocator>;

// For the operation, with tensors in the context's memory, and for the reference, with tensors in the host's.
template <class T, class Run>
void run_int8(const Memory& allocator, std::int64_t rows, std::int64_t width, T* const* t, const Run& run) {
  DeviceBuffer<std::int8_t> codes(allocator, size(rows * width));
  DeviceBuffer<float> scales(allocator, size(rows));
  run(QuantizeInt8ArgsOf<T>{
      .n_rows = rows, .width = width, .x = t[0], .codes = codes.data(), .row_scales = scales.data()});
  write_numbers(*allocator, codes.values(), t[1]);
  write_numbers(*allocator, scales.values(), t[2]);
}

template <class T, class Run>
void run_nf4(const Memory& allocator, std::int64_t n, T* const* t, const Run& run) {
  DeviceBuffer<std::uint8_t> codes(allocator, size((n + 1) / 2));
  DeviceBuffer<float> absmax(allocator, size(nf4_blocks(n)));
  run(QuantizeNf4ArgsOf<T>{.n = n, .x = t[0], .codes = codes.data(), .absmax = absmax.data()});
  write_numbers(*allocator, codes.values(), t[1]);
  write_numbers(*allocator, absmax.values(), t[2]);
}

template <class T, class Run>
void run_absmax(const Memory& allocator, std::int64_t blocks, T* const* t, const Run& run) {
  DeviceBuffer<std::uint8_t> codes(allocator, size(blocks));
  DeviceBuffer<float> scales(allocator, size(absmax_blocks(blocks))), offset(allocator, 1);
  run(QuantizeAbsmaxArgsOf<T>{
      .n_blocks = blocks, .absmax = t[0], .codes = codes.data(), .scales = scales.data(), .offset = offset.data()});
  write_numbers(*allocator, codes.values(), t[1]);
  write_numbers(*allocator, scales.values(), t[2]);
  write_numbers(*allocator, offset.values(), t[3]);
}

void add_int8(std::vector<KernelCase>& cases, std::int64_t rows, std::int64_t width, float magnitude, bool timed) {
  cases.push_back({.name = fmt::format("quantize_int8 n_rows={} width={} magnitude={}", rows, width, magnitude),
                   .tensors = {{.name = "x", .size = rows * width, .low = -magnitude, .high = magnitude},
                               exact("codes", rows * width),
                               exact("row_scales", rows)},
                   .run =
                       [=](Context& context, float* const* t) {
                         run_int8(context.allocator(), rows, width, t,
                                  [&](const auto& args) { quantize_int8(context, args); });
                       },
                   .reference =
                       [=](double* const* t) {
                         run_int8(host_allocator(), rows, width, t, [](const auto& args) { quantize_int8_ref(args); });
                       },
                   .operations = 3.0 * static_cast<double>(rows * width),
                   .bytes = 9.0 * static_cast<double>(rows * width)});
  if (timed) cases.back().reference = {};
}

void add_nf4(std::vector<KernelCase>& cases, std::int64_t n, float magnitude, bool timed) {
  cases.push_back(
      {.name = fmt::format("quantize_nf4 n={} magnitude={}", n, magnitude),
       .tensors = {{.name = "x", .size = n, .low = -magnitude, .high = magnitude},
                   exact("codes", (n + 1) / 2),
                   exact("absmax", nf4_blocks(n))},
       .run =
           [=](Context& context, float* const* t) {
             run_nf4(context.allocator(), n, t, [&](const auto& args) { quantize_nf4(context, args); });
           },
       .reference =
           [=](double* const* t) { run_nf4(host_allocator(), n, t, [](const auto& args) { quantize_nf4_ref(args); }); },
       .operations = 60.0 * static_cast<double>(n),
       .bytes = 6.5 * static_cast<double>(n)});
  if (timed) cases.back().reference = {};
}

void add_absmax(std::vector<KernelCase>& cases, std::int64_t blocks, float low, float high) {
  cases.push_back({.name = fmt::format("quantize_absmax n_blocks={} low={} high={}", blocks, low, high),
                   .tensors = {{.name = "absmax", .size = blocks, .low = low, .high = high},
                               exact("codes", blocks),
                               exact("scales", absmax_blocks(blocks)),
                               exact("offset", 1)},
                   .run =
                       [=](Context& context, float* const* t) {
                         run_absmax(context.allocator(), blocks, t,
                                    [&](const auto& args) { quantize_absmax(context, args); });
                       },
                   .reference =
                       [=](double* const* t) {
                         run_absmax(host_allocator(), blocks, t, [](const auto& args) { quantize_absmax_ref(args); });
                       }});
}

// Elements [first, first + n) of a quantized matrix.
void add_dequantize(std::vector<KernelCase>& cases, WeightFormat format, std::int64_t rows, std::int64_t width,
                    std::int64_t first, std::int64_t n) {
  const auto matrix = std::make_shared<std::unique_ptr<QuantizedMatrix>>();
  cases.push_back({.name = fmt::format("dequantize format={} rows={} width={} first={} n={}",
                                       format == WeightFormat::kInt8 ? "int8" : "nf4", rows, width, first, n),
                   .tensors = {{.name = "x", .size = rows * width},
                               {.name = "y",
                                .size = n,
                                .role = Role::kOutput,
                                .relative = kFloatRounding,
                                .reason = "one product rounded to float32"}},
                   .run =
                       [=](Context& context, float* const* t) {
                         *matrix = std::make_unique<QuantizedMatrix>(context.allocator(), format, rows, width);
                         (*matrix)->set_rows(context, 0, rows, t[0]);
                         (*matrix)->finish(context);
                         // The view skips half of the rows, `first` skips the rest.
                         const std::int64_t skipped = first / width / 2;
                         dequantize(context, {.first = first - skipped * width,
                                              .n = n,
                                              .width = width,
                                              .weight = rows_from((*matrix)->view(), skipped, width),
                                              .y = t[1]});
                       },
                   .reference = [=](double* const* t) { dequantized_ref(format, rows, width, t[0], first, n, t[1]); },
                   .bytes = 4.0 * static_cast<double>(n)});
}

}  // namespace

std::vector<KernelCase> quantize_cases() {
  std::vector<KernelCase> cases;
  for (const std::int64_t width : {0, 1, 7, 31, 64, 257}) {
    for (const std::int64_t rows : {0, 1, 130}) add_int8(cases, rows, width, 1, false);
  }
  for (const std::int64_t n : {0, 1, 2, 63, 64, 65, 127, 4096, 70001}) add_nf4(cases, n, 1, false);
  for (const float magnitude : {0.0f, 1e-40f, 1e-30f, 1e30f}) {
    add_int8(cases, 3, 100, magnitude, false);
    add_nf4(cases, 200, magnitude, false);
  }
  for (const std::int64_t blocks : {1, 2, 255, 256, 257, 3000}) add_absmax(cases, blocks, 0.01f, 0.2f);
  add_absmax(cases, 300, 0.5f, 0.5f);  // all equal: the differences are zero
  for (const WeightFormat format : {WeightFormat::kInt8, WeightFormat::kNf4}) {
    add_dequantize(cases, format, 5, 33, 0, 165);
    add_dequantize(cases, format, 5, 33, 34, 100);
    add_dequantize(cases, format, 70, 256, 255, 2000);
    add_dequantize(cases, format, 300, 300, 1, 80001);
    add_dequantize(cases, format, 300, 300, 90 * 300 + 7, 50001);
  }
  add_int8(cases, 4096, 1024, 1, true);
  add_nf4(cases, 1 << 22, 1, true);
  return cases;
}

}  // namespace matinee
