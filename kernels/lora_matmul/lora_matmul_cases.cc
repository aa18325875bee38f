#include <fmt/core.h>

#include <cmath>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Part {
  std::int64_t out, rank;
  float drop_probability = 0;
  std::uint64_t key = 0x1234567890abcdefu;
};

struct Shape {
  std::int64_t n_rows, in;
  std::vector<Part> parts;
  MatmulPrecision precision = MatmulPrecision::kF32;
  bool grad_x = true;
  bool rounded = false;  // x is given rounded too
};

std::string describe(const char* operation, const Shape& s) {
  std::string text = fmt::format("{} n_rows={} in={}", operation, s.n_rows, s.in);
  for (const Part& part : s.parts) {
    text += fmt::format(" out={} rank={} drop_probability={}", part.out, part.rank, part.drop_probability);
    if (part.key != s.parts.front().key) text += fmt::format(" key={}", part.key);
  }
  return text + fmt::format("{}{} precision={}", s.grad_x ? "" : " no grad_x", s.rounded ? " rounded" : "",
                            s.precision == MatmulPrecision::kBF16 ? "bf16" : "f32");
}

constexpr float kScaling = 0.5f;

LoraDropout dropout(const Part& part) {
  return {.drop_probability = part.drop_probability, .key = part.key, .first_row = 5};
}

// The error of a sum over k of products, one factor of which is itself a sum over `inner` terms. Kept elements are
// scaled by 1 / (1 - p). In bfloat16 each factor has a relative error of up to 2^-9. These errors have either sign, so
// that of a sum grows as sqrt(k); 6 standard deviations are allowed.
CaseTensor result(const char* name, std::int64_t size, MatmulPrecision precision, float drop_probability,
                  std::int64_t k, std::int64_t inner, Role role) {
  const auto terms = static_cast<double>(k + 2), depth = static_cast<double>(inner + 2);
  const double magnitude = std::sqrt(terms) * std::sqrt(depth) / (1 - static_cast<double>(drop_probability));
  const double rounding = precision == MatmulPrecision::kBF16 ? 3 * kBfloatRounding
                                                              : (std::sqrt(terms) + std::sqrt(depth)) * kFloatRounding;
  return {.name = name,
          .size = size,
          .role = role,
          .absolute = 2 * magnitude * rounding,
          .reason = "roundings of the factors (bfloat16) or of partial sums (float32)"};
}

// Tensors: x; of each part A, B, xa, y.
template <class T>
std::vector<LoraPartOf<T>> forward_parts(const Shape& s, T* const* t) {
  std::vector<LoraPartOf<T>> parts;
  for (const Part& part : s.parts) {
    T* const* own = t + 1 + 4 * parts.size();
    parts.push_back({.out = part.out,
                     .rank = part.rank,
                     .lora_A = own[0],
                     .lora_B = own[1],
                     .scaling = kScaling,
                     .dropout = dropout(part),
                     .xa = own[2],
                     .y = own[3]});
  }
  return parts;
}

// Tensors: x, grad_x; of each part grad_y, xa, A, B, grad_A, grad_B.
template <class T>
std::vector<LoraBackwardPartOf<T>> backward_parts(const Shape& s, T* const* t) {
  std::vector<LoraBackwardPartOf<T>> parts;
  for (const Part& part : s.parts) {
    T* const* own = t + 2 + 6 * parts.size();
    parts.push_back({.out = part.out,
                     .rank = part.rank,
                     .grad_y = own[0],
                     .xa = own[1],
                     .lora_A = own[2],
                     .lora_B = own[3],
                     .scaling = kScaling,
                     .dropout = dropout(part),
                     .grad_A = own[4],
                     .grad_B = own[5]});
  }
  return parts;
}

void run_forward(const Shape& s, Context& context, float* const* t) {
  DeviceBuffer<bf16> rounded;
  if (s.rounded) {
    rounded = {context.allocator(), static_cast<std::size_t>(s.n_rows * bf16_stride(s.in))};
    round_bf16(context, {.n_rows = s.n_rows, .width = s.in, .x = t[0], .y = rounded.data()});
  }
  const auto parts = forward_parts(s, t);
  lora_matmul_forward(context, {.n_rows = s.n_rows,
                                .in = s.in,
                                .x = t[0],
                                .x_bf16 = s.rounded ? rounded.data() : nullptr,
                                .parts = parts,
                                .precision = s.precision});
}

void run_backward(const Shape& s, Context& context, float* const* t) {
  const auto parts = backward_parts(s, t);
  lora_matmul_backward(context, {.n_rows = s.n_rows,
                                 .in = s.in,
                                 .x = t[0],
                                 .parts = parts,
                                 .grad_x = s.grad_x ? t[1] : nullptr,
                                 .precision = s.precision});
}

KernelCase forward_case(const Shape& s) {
  KernelCase c{.name = describe("lora_matmul_forward", s),
               .tensors = {{.name = "x", .size = s.n_rows * s.in}},
               .run = [s](Context& context, float* const* t) { run_forward(s, context, t); },
               .reference =
                   [s](double* const* t) {
                     const auto parts = forward_parts(s, t);
                     lora_matmul_forward_ref({.n_rows = s.n_rows, .in = s.in, .x = t[0], .parts = parts});
                   }};
  c.bytes = 4.0 * static_cast<double>(s.n_rows * s.in);
  for (const Part& part : s.parts) {
    const float drop = part.drop_probability;
    c.tensors.push_back({.name = "lora_A", .size = part.rank * s.in});
    c.tensors.push_back({.name = "lora_B", .size = part.out * part.rank});
    c.tensors.push_back(result("xa", s.n_rows * part.rank, s.precision, drop, s.in, 1, Role::kOutput));
    c.tensors.push_back(result("y", s.n_rows * part.out, s.precision, drop, part.rank, s.in, Role::kAdded));
    c.operations += 2.0 * static_cast<double>(s.n_rows * part.rank * (s.in + part.out));
    c.bytes += 8.0 * static_cast<double>(s.n_rows * part.out);
  }
  return c;
}

KernelCase backward_case(const Shape& s) {
  KernelCase c{
      .name = describe("lora_matmul_backward", s),
      .tensors = {{.name = "x", .size = s.n_rows * s.in}, {}},
      .run = [s](Context& context, float* const* t) { run_backward(s, context, t); },
      .reference =
          [s](double* const* t) {
            const auto parts = backward_parts(s, t);
            lora_matmul_backward_ref(
                {.n_rows = s.n_rows, .in = s.in, .x = t[0], .parts = parts, .grad_x = s.grad_x ? t[1] : nullptr});
          }};
  c.bytes = 12.0 * static_cast<double>(s.n_rows * s.in);
  std::int64_t ranks = 0, widest = 0;
  float most = 0;
  for (const Part& part : s.parts) {
    const float drop = part.drop_probability;
    c.tensors.push_back({.name = "grad_y", .size = s.n_rows * part.out});
    c.tensors.push_back({.name = "xa", .size = s.n_rows * part.rank});
    c.tensors.push_back({.name = "lora_A", .size = part.rank * s.in});
    c.tensors.push_back({.name = "lora_B", .size = part.out * part.rank});
    c.tensors.push_back(result("grad_A", part.rank * s.in, s.precision, drop, s.n_rows, part.out, Role::kAdded));
    c.tensors.push_back(result("grad_B", part.out * part.rank, s.precision, drop, s.n_rows, 1, Role::kAdded));
    c.operations += 4.0 * static_cast<double>(s.n_rows * part.rank * (s.in + part.out));
    c.bytes += 4.0 * static_cast<double>(s.n_rows * part.out);
    ranks += part.rank;
    widest = std::max(widest, part.out);
    most = std::max(most, drop);
  }
  c.tensors[1] = result("grad_x", s.grad_x ? s.n_rows * s.in : 0, s.precision, most, ranks, widest, Role::kAdded);
  return c;
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  KernelCase forward = forward_case(s), backward = backward_case(s);
  for (KernelCase* c : {&forward, &backward}) {
    if (timed_only) c->reference = {};
    if (c == &backward && s.rounded) continue;  // reads x itself
    cases.push_back(std::move(*c));
  }
}

}  // namespace

std::vector<KernelCase> lora_matmul_cases() {
  std::vector<KernelCase> cases;
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    for (const float drop : {0.0f, 0.25f}) {
      add_shape(cases, {0, 8, {{8, 4, drop}}, precision});
      add_shape(cases, {1, 31, {{7, 1, drop}}, precision});
      add_shape(cases, {7, 33, {{65, 4, drop}}, precision});
      add_shape(cases, {33, 64, {{31, 7, drop}}, precision, false});
      add_shape(cases, {97, 257, {{40, 8, drop}}, precision});
      add_shape(cases, {130, 72, {{101, 64, drop}}, precision});
      add_shape(cases, {5, 100, {{90, 256, drop}}, precision});
      add_shape(cases, {3, 45, {{33, 6, drop}}, precision});
      // Long sums, over the columns and over the rows.
      add_shape(cases, {70, 1100, {{590, 20, drop}}, precision});
      add_shape(cases, {700, 36, {{132, 12, drop}}, precision});
      // Several adapters: with masks of their own, without one, and with a shared one.
      add_shape(cases, {33, 100, {{40, 4, drop, 1}, {40, 4, drop, 2}}, precision});
      add_shape(cases, {130, 136, {{64, 16, drop, 1}, {17, 16, drop, 2}, {31, 16, drop, 3}}, precision});
      add_shape(cases, {65, 257, {{33, 7, drop, 1}, {20, 33, 0}, {41, 20, drop, 3}}, precision});
      add_shape(cases, {150, 72, {{9, 5, drop, 1}, {10, 6, drop, 1}, {11, 40, drop, 2}}, precision, false});
      add_shape(cases,
                {40, 320, {{30, 64, drop, 1}, {29, 1, 0.5f, 2}, {28, 130, drop, 3}, {1, 16, drop, 4}}, precision});
      add_shape(cases, {2, 70, {{12, 3, drop, 1}, {13, 4, drop, 2}}, precision});
      add_shape(cases, {600, 40, {{24, 8, drop, 1}, {23, 8, drop, 2}, {16, 9, drop, 1}}, precision});
      add_shape(cases, {9, 0, {{12, 3, drop, 1}, {13, 4, drop, 2}}, precision});
      add_shape(cases, {9, 12, {{0, 3, drop, 1}, {13, 4, drop, 2}}, precision});
      if (precision == MatmulPrecision::kF32) continue;
      for (const std::int64_t in : {33, 257, 320, 1104}) {
        add_shape(cases, {70, in, {{40, 16, drop, 1}, {33, 7, 0}, {20, 16, drop, 2}}, precision, true, true});
      }
      add_shape(cases, {150, 136, {{40, 16, drop}}, precision, true, true});
    }
  }
  for (const std::int64_t rank : {8, 64}) {
    const auto timed = [&](std::vector<Part> parts) {
      add_shape(cases, {4096, 256, std::move(parts), MatmulPrecision::kBF16}, true);
    };
    timed({{256, rank, 0.05f}});
    timed({{688, rank, 0.05f}});
    timed({{256, rank, 0.05f, 1}, {256, rank, 0.05f, 2}, {256, rank, 0.05f, 3}});
    timed({{688, rank, 0.05f, 1}, {688, rank, 0.05f, 2}});
  }
  return cases;
}

}  // namespace matinee
