#include <fmt/core.h>

#include <cmath>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, in, out, rank;
  float drop_probability = 0;
  Product product = Product::kF32;
  bool grad_x = true;
};

std::string describe(const char* operation, const Shape& s) {
  return fmt::format("{} n_rows={} in={} out={} rank={} drop_probability={} product={}", operation, s.n_rows, s.in,
                     s.out, s.rank, s.drop_probability, s.product == Product::kBF16 ? "bf16" : "f32");
}

constexpr float kScaling = 0.5f;

LoraDropout dropout(const Shape& s) {
  return {.drop_probability = s.drop_probability, .key = 0x1234567890abcdefu, .first_row = 5};
}

// A sum over k of products, one factor of which is itself a sum over `inner` terms. Kept elements are made larger by
// 1 / (1 - p). In bfloat16 each factor is off by up to 2^-9 of itself; errors have either sign, so a sum of k of them
// grows as sqrt(k); 6 of its standard deviations are allowed.
CaseTensor result(const char* name, std::int64_t size, const Shape& s, std::int64_t k, std::int64_t inner, Role role) {
  const auto terms = static_cast<double>(k + 2), depth = static_cast<double>(inner + 2);
  const double magnitude = std::sqrt(terms) * std::sqrt(depth) / (1 - static_cast<double>(s.drop_probability));
  const double rounding =
      s.product == Product::kBF16 ? 3 * kBfloatRounding : (std::sqrt(terms) + std::sqrt(depth)) * kFloatRounding;
  return {.name = name,
          .size = size,
          .role = role,
          .absolute = 2 * magnitude * rounding,
          .reason = "roundings of the factors (bfloat16) or of partial sums (float32)"};
}

template <class T>
LoraMatmulArgsOf<T> forward_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .in = s.in,
          .out = s.out,
          .rank = s.rank,
          .x = t[0],
          .lora_A = t[1],
          .lora_B = t[2],
          .scaling = kScaling,
          .dropout = dropout(s),
          .xa = t[3],
          .y = t[4],
          .product = s.product};
}

template <class T>
LoraMatmulBackwardArgsOf<T> backward_args(const Shape& s, T* const* t) {
  return {.n_rows = s.n_rows,
          .in = s.in,
          .out = s.out,
          .rank = s.rank,
          .grad_y = t[0],
          .x = t[1],
          .xa = t[2],
          .lora_A = t[3],
          .lora_B = t[4],
          .scaling = kScaling,
          .dropout = dropout(s),
          .grad_A = t[5],
          .grad_B = t[6],
          .grad_x = s.grad_x ? t[7] : nullptr,
          .product = s.product};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  KernelCase forward{
      .name = describe("lora_matmul_forward", s),
      .tensors = {{.name = "x", .size = s.n_rows * s.in},
                  {.name = "lora_A", .size = s.rank * s.in},
                  {.name = "lora_B", .size = s.out * s.rank},
                  result("xa", s.n_rows * s.rank, s, s.in, 1, Role::kOutput),
                  result("y", s.n_rows * s.out, s, s.rank, s.in, Role::kAdded)},
      .prepare = {},
      .run = [s](Context& context, float* const* t) { lora_matmul_forward(context, forward_args(s, t)); },
      .reference = [s](double* const* t) { lora_matmul_forward_ref(forward_args(s, t)); }};
  KernelCase backward{
      .name = describe("lora_matmul_backward", s),
      .tensors = {{.name = "grad_y", .size = s.n_rows * s.out},
                  {.name = "x", .size = s.n_rows * s.in},
                  {.name = "xa", .size = s.n_rows * s.rank},
                  {.name = "lora_A", .size = s.rank * s.in},
                  {.name = "lora_B", .size = s.out * s.rank},
                  result("grad_A", s.rank * s.in, s, s.n_rows, s.out, Role::kAdded),
                  result("grad_B", s.out * s.rank, s, s.n_rows, 1, Role::kAdded),
                  result("grad_x", s.grad_x ? s.n_rows * s.in : 0, s, s.rank, s.out, Role::kAdded)},
      .prepare = {},
      .run = [s](Context& context, float* const* t) { lora_matmul_backward(context, backward_args(s, t)); },
      .reference = [s](double* const* t) { lora_matmul_backward_ref(backward_args(s, t)); }};
  forward.operations = 2.0 * static_cast<double>(s.n_rows * s.rank * (s.in + s.out));
  backward.operations = 2 * forward.operations;
  forward.bytes = 4.0 * static_cast<double>(s.n_rows * (s.in + 2 * s.out));
  backward.bytes = 4.0 * static_cast<double>(s.n_rows * (3 * s.in + s.out));
  for (KernelCase* c : {&forward, &backward}) {
    if (timed_only) c->reference = {};
    cases.push_back(std::move(*c));
  }
}

}  // namespace

std::vector<KernelCase> lora_matmul_cases() {
  std::vector<KernelCase> cases;
  for (const Product product : {Product::kF32, Product::kBF16}) {
    for (const float drop : {0.0f, 0.25f}) {
      add_shape(cases, {0, 8, 8, 4, drop, product});
      add_shape(cases, {1, 31, 7, 1, drop, product});
      add_shape(cases, {7, 33, 65, 4, drop, product});
      add_shape(cases, {33, 64, 31, 7, drop, product, false});
      add_shape(cases, {97, 257, 40, 8, drop, product});
      add_shape(cases, {130, 72, 101, 64, drop, product});
      add_shape(cases, {5, 100, 90, 256, drop, product});
      add_shape(cases, {3, 45, 33, 6, drop, product});
      // Long sums, over the columns and over the rows.
      add_shape(cases, {70, 1100, 590, 20, drop, product});
      add_shape(cases, {700, 36, 132, 12, drop, product});
    }
  }
  for (const std::int64_t rank : {8, 64}) {
    add_shape(cases, {4096, 256, 256, rank, 0.05f, Product::kBF16}, true);
    add_shape(cases, {4096, 256, 688, rank, 0.05f, Product::kBF16}, true);
  }
  return cases;
}

}  // namespace matinee
