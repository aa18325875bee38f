#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_tokens, vocab, width;
  bool bf16_table = false;
  float multiplier = 1;
};

std::vector<std::int32_t> ids_of(const Shape& s) {
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < s.n_tokens; ++t) ids.push_back(static_cast<std::int32_t>(t * t * 31 % s.vocab));
  return ids;
}

template <class T>
EmbeddingArgsOf<T> forward_args(const Shape& s, const std::int32_t* ids, WeightView table, T* const* t) {
  return {.n_tokens = s.n_tokens,
          .vocab = s.vocab,
          .width = s.width,
          .ids = ids,
          .table = table,
          .multiplier = s.multiplier,
          .y = t[1]};
}

template <class T>
EmbeddingBackwardArgsOf<T> backward_args(const Shape& s, const std::int32_t* ids, T* const* t) {
  return {.n_tokens = s.n_tokens,
          .vocab = s.vocab,
          .width = s.width,
          .ids = ids,
          .grad_y = t[0],
          .multiplier = s.multiplier,
          .grad_table = t[1]};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  const CaseInput<std::int32_t> ids(ids_of(s));
  const std::string text = fmt::format("n_tokens={} vocab={} width={} table={} multiplier={}", s.n_tokens, s.vocab,
                                       s.width, s.bf16_table ? "BF16" : "F32", s.multiplier);
  const double rounding = s.multiplier == 1 ? 0 : kFloatRounding;
  KernelCase forward{
      .name = "embedding_forward " + text,
      .tensors = {{.name = "table", .size = s.vocab * s.width, .representable = s.bf16_table},
                  {.name = "y",
                   .size = s.n_tokens * s.width,
                   .role = Role::kOutput,
                   .relative = rounding,
                   .reason = "moves bytes; one product where there is a multiplier"}},
      .run =
          [s, ids, narrow = std::make_shared<Bf16Copy>()](Context& context, float* const* t) {
            const WeightView table = s.bf16_table ? narrow->view(context, t[0], s.vocab * s.width) : weight_view(t[0]);
            embedding_forward(context, forward_args(s, ids.in(context), table, t));
          },
      .reference =
          [s, ids](double* const* t) { embedding_forward_ref(forward_args(s, ids.host(), weight_view(t[0]), t)); },
      .bytes = 8.0 * static_cast<double>(s.n_tokens * s.width)};
  KernelCase backward{
      .name = "embedding_backward " + text,
      .tensors = {{.name = "grad_y", .size = s.n_tokens * s.width},
                  {.name = "grad_table",
                   .size = s.vocab * s.width,
                   .role = Role::kAdded,
                   .absolute = static_cast<double>(s.n_tokens + 1) * 2 * kFloatRounding *
                               static_cast<double>(s.multiplier) * static_cast<double>(s.n_tokens + 1) / 2,
                   .reason = "a sum of at most n_tokens"}},
      .run = [s, ids](Context& context,
                      float* const* t) { embedding_backward(context, backward_args(s, ids.in(context), t)); },
      .reference = [s, ids](double* const* t) { embedding_backward_ref(backward_args(s, ids.host(), t)); },
      .bytes = 12.0 * static_cast<double>(s.n_tokens * s.width)};
  for (KernelCase* c : {&forward, &backward}) add_case(cases, std::move(*c), timed_only);
}

}  // namespace

std::vector<KernelCase> embedding_cases() {
  std::vector<KernelCase> cases;
  for (const bool narrow : {false, true}) {
    add_shape(cases, {0, 3, 7, narrow});
    add_shape(cases, {1, 1, 1, narrow});
    add_shape(cases, {33, 5, 31, narrow});
    add_shape(cases, {200, 50, 257, narrow, 16});
    add_shape(cases, {300, 7, 64, narrow});
  }
  add_shape(cases, {4096, 4096, 256}, true);
  return cases;
}

}  // namespace matinee
