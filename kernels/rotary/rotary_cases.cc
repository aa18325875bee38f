#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

constexpr std::int64_t kPositions = 40;

struct Shape {
  std::int64_t n_tokens, n_heads, head_dim, rotary_dim;
  RotaryStyle style;
};

template <class T>
RotaryArgsOf<T> args_of(const Shape& s, const std::int32_t* positions, T* const* t) {
  return {.n_tokens = s.n_tokens,
          .n_heads = s.n_heads,
          .head_dim = s.head_dim,
          .rotary_dim = s.rotary_dim,
          .style = s.style,
          .positions = positions,
          .n_positions = kPositions,
          .cosines = t[0],
          .sines = t[1],
          .x = t[2]};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  std::vector<std::int32_t> places;
  for (std::int64_t t = 0; t < s.n_tokens; ++t) places.push_back(static_cast<std::int32_t>(t * 7 % kPositions));
  const CaseInput<std::int32_t> positions(std::move(places));
  const std::int64_t n = s.n_tokens * s.n_heads * s.head_dim;
  for (const bool backward : {false, true}) {
    KernelCase c{.name = fmt::format("rotary_{} n_tokens={} n_heads={} head_dim={} rotary_dim={} style={}",
                                     backward ? "backward" : "forward", s.n_tokens, s.n_heads, s.head_dim, s.rotary_dim,
                                     s.style == RotaryStyle::kHalfSplit ? "half-split" : "interleaved"),
                 .tensors = {{.name = "cosines", .size = kPositions * s.rotary_dim / 2},
                             {.name = "sines", .size = kPositions * s.rotary_dim / 2},
                             {.name = "x",
                              .size = n,
                              .role = Role::kAdded,
                              .absolute = 3 * kFloatRounding,
                              .reason = "two products and a sum, of numbers below 1"}},
                 .run =
                     [s, positions, backward](Context& context, float* const* t) {
                       (backward ? rotary_backward : rotary_forward)(context, args_of(s, positions.in(context), t));
                     },
                 .reference =
                     [s, positions, backward](double* const* t) {
                       (backward ? rotary_backward_ref : rotary_forward_ref)(args_of(s, positions.host(), t));
                     },
                 .operations = 3.0 * static_cast<double>(n),
                 .bytes = 8.0 * static_cast<double>(n)};
    add_case(cases, std::move(c), timed_only);
  }
}

}  // namespace

std::vector<KernelCase> rotary_cases() {
  std::vector<KernelCase> cases;
  for (const RotaryStyle style : {RotaryStyle::kHalfSplit, RotaryStyle::kInterleaved}) {
    add_shape(cases, {0, 2, 8, 8, style});
    add_shape(cases, {1, 1, 2, 2, style});
    add_shape(cases, {7, 3, 6, 0, style});
    add_shape(cases, {131, 3, 31, 14, style});
    add_shape(cases, {33, 2, 64, 64, style});
    add_shape(cases, {5, 3, 48, 24, style});
    add_shape(cases, {3, 40, 64, 64, style});
    add_shape(cases, {300, 5, 66, 66, style});
    add_shape(cases, {4096, 4, 64, 64, style}, true);
  }
  return cases;
}

}  // namespace matinee
