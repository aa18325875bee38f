#include <fmt/core.h>

#include <cmath>

#include "kernels/case_weight.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Layer {
  std::int64_t out, in, rank;
  WeightFormat weight = WeightFormat::kF32;
};

template <class T>
DoraNormsArgsOf<T> norms_args(const Layer& s, T* const* t, WeightView weight) {
  return {.out = s.out,
          .in = s.in,
          .rank = s.rank,
          .weight = weight,
          .lora_A = t[1],
          .lora_B = t[2],
          .scaling = 0.5f,
          .norms = t[3]};
}

void add_norms(std::vector<KernelCase>& cases, const Layer& s, bool timed_only = false) {
  const auto in = static_cast<double>(s.in), rank = static_cast<double>(s.rank);
  const auto weight = std::make_shared<CaseWeight>(s.weight, s.out, s.in);
  KernelCase c{
      .name = fmt::format("dora_norms out={} in={} rank={} weight={}", s.out, s.in, s.rank, name_of(s.weight)),
      .tensors = {{.name = "weight", .size = s.out * s.in, .representable = s.weight == WeightFormat::kBF16},
                  {.name = "lora_A", .size = s.rank * s.in},
                  {.name = "lora_B", .size = s.out * s.rank},
                  {.name = "norms",
                   .size = s.out,
                   .role = Role::kOutput,
                   .absolute = std::sqrt(in) * (1 + std::sqrt(rank)) * (rank + 2) * kFloatRounding,
                   .relative = kFloatRounding,
                   .reason = "rank + 2 roundings of every element"}},
      .run = [s, weight](Context& context,
                         float* const* t) { dora_norms(context, norms_args(s, t, weight->view(context, t[0]))); },
      .reference = [s, weight](double* const* t) { dora_norms_ref(norms_args(s, t, weight->reference_view(t[0]))); },
      .operations = 2.0 * static_cast<double>(s.out * s.in * (s.rank + 1)),
      .bytes = CaseWeight::bytes(s.weight, s.out, s.in)};
  add_case(cases, std::move(c), timed_only);
}

struct Rows {
  std::int64_t n_rows, out;
  bool bias = false, accumulate = false;  // of the scaling
  bool through = false;                   // of the backward pass
};

template <class T>
DoraScaleArgsOf<T> scale_args(const Rows& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .out = s.out,
          .z = t[0],
          .magnitude = t[1],
          .norms = t[2],
          .bias = s.bias ? t[3] : nullptr,
          .y = t[4],
          .accumulate = s.accumulate};
}

template <class T>
DoraBackwardArgsOf<T> backward_args(const Rows& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .out = s.out,
          .grad_y = t[0],
          .z = t[1],
          .magnitude = t[2],
          .norms = t[3],
          .grad_z = t[4],
          .through = s.through ? t[5] : nullptr,
          .grad_magnitude = t[6]};
}

void add_rows(std::vector<KernelCase>& cases, const Rows& s, bool timed_only = false) {
  const std::int64_t n = s.n_rows * s.out;
  const auto rows = static_cast<double>(s.n_rows);
  // Norms are at least 1/2, so that scales and their products stay below 2.
  const CaseTensor norms{.name = "norms", .size = s.out, .low = 0.5f, .high = 2};
  KernelCase scale{.name = fmt::format("dora_scale n_rows={} out={}{}{}", s.n_rows, s.out, s.bias ? " bias" : "",
                                       s.accumulate ? " accumulate" : ""),
                   .tensors = {{.name = "z", .size = n},
                               {.name = "magnitude", .size = s.out},
                               norms,
                               {.name = "bias", .size = s.bias ? s.out : 0},
                               {.name = "y",
                                .size = n,
                                .role = s.accumulate ? Role::kAdded : Role::kOutput,
                                .absolute = 8 * kFloatRounding,
                                .reason = "a quotient, a product and two sums of numbers below 2"}},
                   .run = [s](Context& context, float* const* t) { dora_scale(context, scale_args(s, t)); },
                   .reference = [s](double* const* t) { dora_scale_ref(scale_args(s, t)); },
                   .operations = 4.0 * static_cast<double>(n),
                   .bytes = 8.0 * static_cast<double>(n)};
  KernelCase backward{
      .name = fmt::format("dora_backward n_rows={} out={}{}", s.n_rows, s.out, s.through ? " through" : ""),
      .tensors = {{.name = "grad_y", .size = n},
                  {.name = "z", .size = n},
                  {.name = "magnitude", .size = s.out},
                  norms,
                  {.name = "grad_z",
                   .size = n,
                   .role = Role::kOutput,
                   .absolute = 4 * kFloatRounding,
                   .reason = "a quotient and a product below 2"},
                  {.name = "through",
                   .size = s.through ? n : 0,
                   .role = Role::kOutput,
                   .absolute = 7 * kFloatRounding,
                   .reason = "the same and a difference"},
                  {.name = "grad_magnitude",
                   .size = s.out,
                   .role = Role::kAdded,
                   .absolute = 2 * (rows + 4) * std::sqrt(rows + 1) * kFloatRounding,
                   .reason = "a sum of n_rows numbers below 2"}},
      .run = [s](Context& context, float* const* t) { dora_backward(context, backward_args(s, t)); },
      .reference = [s](double* const* t) { dora_backward_ref(backward_args(s, t)); },
      .operations = 5.0 * static_cast<double>(n),
      .bytes = (s.through ? 16.0 : 12.0) * static_cast<double>(n)};
  for (KernelCase* c : {&scale, &backward}) add_case(cases, std::move(*c), timed_only);
}

}  // namespace

std::vector<KernelCase> dora_cases() {
  std::vector<KernelCase> cases;
  for (const WeightFormat weight : {WeightFormat::kF32, WeightFormat::kBF16, WeightFormat::kInt8, WeightFormat::kNf4}) {
    add_norms(cases, {0, 7, 2, weight});
    add_norms(cases, {1, 1, 1, weight});
    add_norms(cases, {7, 33, 4, weight});
    add_norms(cases, {131, 257, 8, weight});
    add_norms(cases, {65, 128, 64, weight});
  }
  for (const bool flag : {false, true}) {
    add_rows(cases, {0, 5, flag, flag, flag});
    add_rows(cases, {1, 1, flag, !flag, flag});
    add_rows(cases, {7, 101, flag, flag, flag});
    add_rows(cases, {131, 257, !flag, flag, flag});
    add_rows(cases, {300, 64, flag, flag, flag});
  }
  add_norms(cases, {1024, 1024, 16, WeightFormat::kBF16}, true);
  add_rows(cases, {4096, 256, false, false, true}, true);
  return cases;
}

}  // namespace matinee
