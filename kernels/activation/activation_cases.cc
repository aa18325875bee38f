#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n;
  Activation activation;
  bool gated;
  float magnitude = 4;
};

template <class T>
ActivationArgsOf<T> forward_args(const Shape& s, T* const* t) {
  return {.n = s.n, .activation = s.activation, .x = t[0], .up = s.gated ? t[1] : nullptr, .y = t[2]};
}

template <class T>
ActivationBackwardArgsOf<T> backward_args(const Shape& s, T* const* t) {
  return {.n = s.n,
          .activation = s.activation,
          .grad_y = t[0],
          .x = t[1],
          .up = s.gated ? t[2] : nullptr,
          .grad_x = t[3],
          .grad_up = s.gated ? t[4] : nullptr};
}

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::kSilu: return "silu";
    case Activation::kGeluTanh: return "gelu-tanh";
    case Activation::kGeluExact: return "gelu-exact";
    case Activation::kRelu: return "relu";
  }
  return "?";
}

// With `in_place` the gradients overwrite x and up.
void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false, bool in_place = false) {
  const std::string text = fmt::format("n={} activation={}{} magnitude={}", s.n, name_of(s.activation),
                                       s.gated ? " gated" : "", s.magnitude);
  const std::int64_t gate = s.gated ? s.n : 0;
  // The exponential has a relative error of 3e-7. In the tails 1 - sigmoid and 1 + erf lose what is smaller than one
  // rounding of 1. Both are multiplied by x, which is at most `magnitude`.
  const double absolute = 6e-7 * (1 + static_cast<double>(s.magnitude)), relative = 1e-6;
  const char* reason = "the exponential's error and a rounding of 1, times x";
  KernelCase forward{.name = "activation_forward " + text,
                     .tensors = {{.name = "x", .size = s.n, .low = -s.magnitude, .high = s.magnitude},
                                 {.name = "up", .size = gate},
                                 {.name = "y",
                                  .size = s.n,
                                  .role = Role::kOutput,
                                  .absolute = absolute,
                                  .relative = relative,
                                  .reason = reason}},
                     .run = [s](Context& context, float* const* t) { activation_forward(context, forward_args(s, t)); },
                     .reference = [s](double* const* t) { activation_forward_ref(forward_args(s, t)); },
                     .operations = 20.0 * static_cast<double>(s.n),
                     .bytes = 4.0 * static_cast<double>(2 * s.n + gate)};
  KernelCase backward{
      .name = "activation_backward " + text,
      .tensors = {{.name = "grad_y", .size = s.n},
                  {.name = "x", .size = s.n, .low = -s.magnitude, .high = s.magnitude},
                  {.name = "up", .size = gate},
                  {.name = "grad_x",
                   .size = s.n,
                   .role = Role::kOutput,
                   .absolute = absolute * 2,
                   .relative = relative,
                   .reason = reason},
                  {.name = "grad_up",
                   .size = gate,
                   .role = Role::kOutput,
                   .absolute = absolute,
                   .relative = relative,
                   .reason = reason}},
      .run = [s](Context& context, float* const* t) { activation_backward(context, backward_args(s, t)); },
      .reference = [s](double* const* t) { activation_backward_ref(backward_args(s, t)); },
      .operations = 30.0 * static_cast<double>(s.n),
      .bytes = 4.0 * static_cast<double>(3 * s.n + 2 * gate)};
  if (in_place) {
    backward.name += " in place";
    backward.run = [s](Context& context, float* const* t) {
      const auto bytes = static_cast<std::size_t>(s.n) * sizeof(float);
      context.allocator()->copy(t[3], t[1], bytes);
      if (s.gated) context.allocator()->copy(t[4], t[2], bytes);
      float* const aliased[] = {t[0], t[3], t[4], t[3], t[4]};
      activation_backward(context, backward_args(s, aliased));
    };
  }
  for (KernelCase* c : {&forward, &backward}) add_case(cases, std::move(*c), timed_only);
}

}  // namespace

std::vector<KernelCase> activation_cases() {
  std::vector<KernelCase> cases;
  for (const Activation activation :
       {Activation::kSilu, Activation::kGeluTanh, Activation::kGeluExact, Activation::kRelu}) {
    for (const bool gated : {false, true}) {
      for (const std::int64_t n : {0, 1, 7, 33, 257}) add_shape(cases, {n, activation, gated});
    }
    add_shape(cases, {33000, activation, true});
    for (const bool gated : {false, true}) add_shape(cases, {1003, activation, gated}, false, true);
    add_shape(cases, {1001, activation, false, 100});
    add_shape(cases, {33, activation, true, 1e-30f});
    add_shape(cases, {33, activation, true, 0});
  }
  add_shape(cases, {4096 * 688, Activation::kSilu, true}, true);
  add_shape(cases, {4096 * 688, Activation::kGeluTanh, false}, true);
  return cases;
}

}  // namespace matinee
