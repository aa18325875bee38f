#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <span>

#include "kernels/case_weight.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, in, out;
  WeightFormat weight = WeightFormat::kF32;
  MatmulPrecision precision = MatmulPrecision::kF32;
  bool accumulate = false;
  bool bias = false;
  std::int64_t skipped = 0;  ///< rows of zeros before the rows that are used, in quantized matrices
  bool rounded = false;      ///< x_bf16 is given too
};

std::string describe(const char* operation, const Shape& s) {
  return fmt::format("{} n_rows={} in={} out={} weight={} precision={}{}{}{}{}", operation, s.n_rows, s.in, s.out,
                     name_of(s.weight), s.precision == MatmulPrecision::kBF16 ? "bf16" : "f32",
                     s.accumulate ? " accumulate" : "", s.bias ? " bias" : "", s.skipped > 0 ? " skipped" : "",
                     s.rounded ? " rounded" : "");
}

bool quantized(const Shape& s) { return s.weight == WeightFormat::kInt8 || s.weight == WeightFormat::kNf4; }

// Factors of bfloat16 products are bfloat16 numbers in these cases. So every product is exact in float32, and both
// precisions have the same bound: each of k additions rounds a partial sum, which stays below 4·sqrt(k) for factors
// within ±1.
CaseTensor result(const char* name, std::int64_t size, const Shape& s, std::int64_t k) {
  const auto terms = static_cast<double>(k + 2);
  // NF4 values and gradients times int8 scales are not bfloat16 numbers. The other factor is within ±1; the bound is 6
  // times the root of the number of terms.
  const double rounded =
      s.precision == MatmulPrecision::kBF16 && quantized(s) ? 6 * kBfloatRounding * std::sqrt(terms / 3) : 0;
  return {.name = name,
          .size = size,
          .role = s.accumulate ? Role::kAdded : Role::kOutput,
          .absolute = terms * kFloatRounding * std::max(2.0, std::sqrt(terms) / 4) + rounded,
          .reason = rounded > 0 ? "a factor rounded to bfloat16, errors of either sign; k roundings of partial sums"
                                : "k roundings of partial sums"};
}

CaseTensor factor(const char* name, std::int64_t size, const Shape& s) {
  return {.name = name,
          .size = size,
          .representable = s.weight == WeightFormat::kBF16 || s.precision == MatmulPrecision::kBF16};
}

template <class T>
MatmulArgsOf<T> forward_args(const Shape& s, T* const* t, WeightView weight) {
  return {.n_rows = s.n_rows,
          .in = s.in,
          .out = s.out,
          .x = t[0],
          .weight = weight,
          .bias = s.bias ? t[2] : nullptr,
          .y = t[3],
          .accumulate = s.accumulate,
          .precision = s.precision};
}

template <class T>
MatmulBackwardInputArgsOf<T> input_args(const Shape& s, T* const* t, WeightView weight) {
  return {.n_rows = s.n_rows,
          .in = s.in,
          .out = s.out,
          .grad_y = t[0],
          .weight = weight,
          .grad_x = t[2],
          .accumulate = s.accumulate,
          .precision = s.precision};
}

template <class T>
MatmulBackwardWeightArgsOf<T> weight_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .in = s.in,
          .out = s.out,
          .grad_y = t[0],
          .x = t[1],
          .grad_weight = t[2],
          .grad_bias = s.bias ? t[3] : nullptr,
          .precision = s.precision};
}

// Runs args with x_bf16 = round_bf16(x). If products read x_bf16, x is NaN.
template <class Args>
void with_rounded_x(Context& context, const Shape& s, Args args, void (*run)(Context&, const Args&)) {
  if (!s.rounded) return run(context, args);
  DeviceBuffer<bf16> rounded(context.allocator(), static_cast<std::size_t>(s.n_rows * bf16_stride(s.in)));
  round_bf16(context, {.n_rows = s.n_rows, .width = s.in, .x = args.x, .y = rounded.data()});
  args.x_bf16 = rounded.data();
  const std::vector<float> none(static_cast<std::size_t>(s.n_rows * s.in), std::numeric_limits<float>::quiet_NaN());
  const DeviceBuffer<float> nowhere(context.allocator(), std::span<const float>(none));
  if (takes_rounded(context, s.precision, s.n_rows)) args.x = nowhere.data();
  run(context, args);
}

void finish(KernelCase& c, const Shape& s) {
  c.operations = 2.0 * static_cast<double>(s.n_rows) * static_cast<double>(s.in) * static_cast<double>(s.out);
  c.bytes = 4.0 * static_cast<double>(s.n_rows * (s.in + s.out)) + CaseWeight::bytes(s.weight, s.out, s.in);
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  KernelCase forward{.name = describe("matmul_forward", s),
                     .tensors = {factor("x", s.n_rows * s.in, s),
                                 factor("weight", s.out * s.in, s),
                                 {.name = "bias", .size = s.bias ? s.out : 0},
                                 result("y", s.n_rows * s.out, s, s.in)},
                     .run =
                         [s, weight = std::make_shared<CaseWeight>(s.weight, s.out, s.in, s.skipped)](Context& context,
                                                                                                      float* const* t) {
                           with_rounded_x(context, s, forward_args(s, t, weight->view(context, t[1])), matmul_forward);
                         },
                     .reference =
                         [s](double* const* t) {
                           CaseWeight chosen(s.weight, s.out, s.in, s.skipped);
                           matmul_forward_ref(forward_args(s, t, chosen.reference_view(t[1])));
                         }};
  KernelCase input{
      .name = describe("matmul_backward_input", s),
      .tensors = {factor("grad_y", s.n_rows * s.out, s), factor("weight", s.out * s.in, s),
                  result("grad_x", s.n_rows * s.in, s, s.out)},
      .run = [s, weight = std::make_shared<CaseWeight>(s.weight, s.out, s.in, s.skipped)](
                 Context& context,
                 float* const* t) { matmul_backward_input(context, input_args(s, t, weight->view(context, t[1]))); },
      .reference =
          [s](double* const* t) {
            CaseWeight chosen(s.weight, s.out, s.in, s.skipped);
            matmul_backward_input_ref(input_args(s, t, chosen.reference_view(t[1])));
          }};
  Shape added = s;
  added.accumulate = true;
  KernelCase weight{
      .name = describe("matmul_backward_weight", s),
      .tensors = {factor("grad_y", s.n_rows * s.out, s), factor("x", s.n_rows * s.in, s),
                  result("grad_weight", s.out * s.in, added, s.n_rows),
                  result("grad_bias", s.bias ? s.out : 0, added, s.n_rows)},
      .run = [s](Context& context,
                 float* const* t) { with_rounded_x(context, s, weight_args(s, t), matmul_backward_weight); },
      .reference = [s](double* const* t) { matmul_backward_weight_ref(weight_args(s, t)); }};
  for (KernelCase* c : {&forward, &input, &weight}) {
    if (c == &weight && quantized(s)) continue;  // quantized weights are never trained
    if (c == &input && s.rounded) continue;      // reads no x
    finish(*c, s);
    if (timed_only) c->reference = {};
    cases.push_back(std::move(*c));
  }
}

}  // namespace

std::vector<KernelCase> matmul_cases() {
  std::vector<KernelCase> cases;
  const MatmulPrecision f32 = MatmulPrecision::kF32, bf = MatmulPrecision::kBF16;
  for (const MatmulPrecision precision : {f32, bf}) {
    for (const WeightFormat narrow :
         {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
      add_shape(cases, {0, 5, 7, narrow, precision});
      add_shape(cases, {1, 1, 1, narrow, precision});
      add_shape(cases, {3, 0, 5, narrow, precision});
      add_shape(cases, {5, 7, 0, narrow, precision});
      add_shape(cases, {1, 257, 33, narrow, precision, true});
      add_shape(cases, {2, 32, 31, narrow, precision});
      add_shape(cases, {3, 255, 7, narrow, precision, false, true});
      add_shape(cases, {4, 31, 130, narrow, precision, true, true});
      add_shape(cases, {5, 33, 65, narrow, precision});
      add_shape(cases, {7, 101, 103, narrow, precision, true});
      add_shape(cases, {97, 64, 257, narrow, precision, false, true});
      add_shape(cases, {193, 520, 32, narrow, precision, true, true});
      add_shape(cases, {600, 17, 300, narrow, precision});
      // Groups of rows that share blocks of weights, whole and not.
      add_shape(cases, {6, 640, 70, narrow, precision, true});
      add_shape(cases, {8, 576, 131, narrow, precision});
      add_shape(cases, {13, 1035, 21, narrow, precision, false, true});
      add_shape(cases, {32, 128, 513, narrow, precision});
      add_shape(cases, {33, 192, 67, narrow, precision, true});
      add_shape(cases, {1, 192, 131, narrow, precision, true});
      add_shape(cases, {3, 256, 66, narrow, precision});
      add_shape(cases, {70, 320, 129, narrow, precision, true});
      add_shape(cases, {1, 1300, 40, narrow, precision});  // three blocks of x in 16 bits, the last shorter
      add_shape(cases, {4, 1035, 9, narrow, precision, true});
      add_shape(cases, {2, 2608, 9, narrow, precision});
      add_shape(cases, {.n_rows = 4, .in = 33, .out = 7, .weight = narrow, .precision = precision, .rounded = true});
      add_shape(cases, {.n_rows = 5, .in = 1, .out = 7, .weight = narrow, .precision = precision, .rounded = true});
      add_shape(cases,
                {.n_rows = 70, .in = 131, .out = 300, .weight = narrow, .precision = precision, .rounded = true});
      add_shape(cases, {97, 64, 65, narrow, precision, true, true, 0, true});
    }
  }
  // Rows of a quantized matrix that begin inside a block, a byte or both.
  for (const WeightFormat weight : {WeightFormat::kInt8, WeightFormat::kNf4}) {
    for (const MatmulPrecision precision : {f32, bf}) {
      add_shape(cases, {.n_rows = 2, .in = 33, .out = 20, .weight = weight, .precision = precision, .skipped = 1});
      add_shape(cases, {.n_rows = 4, .in = 40, .out = 20, .weight = weight, .precision = precision, .skipped = 3});
      add_shape(cases, {.n_rows = 9, .in = 37, .out = 20, .weight = weight, .precision = precision, .skipped = 3});
    }
  }
  // More weights than one slab holds.
  for (const WeightFormat weight : {WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4})
    add_shape(cases, {97, 8200, 520, weight, bf});
  for (const auto& [rows, in, out] : {std::array<std::int64_t, 3>{4096, 256, 256},
                                      {4096, 256, 688},
                                      {4096, 688, 256},
                                      {4096, 256, 4096},
                                      {1, 256, 4096}}) {
    for (const MatmulPrecision precision : {f32, bf}) {
      add_shape(cases, {rows, in, out, precision == bf ? WeightFormat::kBF16 : WeightFormat::kF32, precision}, true);
    }
  }
  // Quantized weights and bfloat16: training, and decoding of matrices larger than the caches.
  for (const WeightFormat weight : {WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
    add_shape(cases, {2048, 2048, 2048, weight, bf}, true);
    for (const std::int64_t rows : {1, 4, 8, 32}) add_shape(cases, {rows, 4096, 16384, weight, bf}, true);
  }
  return cases;
}

}  // namespace matinee
