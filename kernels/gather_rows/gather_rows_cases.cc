#include <fmt/core.h>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::int64_t n_rows, n_all, width;
};

// Evenly spaced rows.
CaseInput<std::int32_t> rows_of(const Shape& s) {
  std::vector<std::int32_t> rows;
  for (std::int64_t i = 0; i < s.n_rows; ++i)
    rows.push_back(static_cast<std::int32_t>(((i + 1) * s.n_all - 1) / s.n_rows));
  return CaseInput<std::int32_t>(std::move(rows));
}

// GatherRowsArgsOf and ScatterRowsArgsOf have the same members.
template <class Args, class T>
Args args_of(const Shape& s, const std::int32_t* rows, T* const* t) {
  return {.n_rows = s.n_rows, .n_all = s.n_all, .width = s.width, .rows = rows, .x = t[0], .y = t[1]};
}

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  const CaseInput<std::int32_t> rows = rows_of(s);
  const std::string text = fmt::format("n_rows={} n_all={} width={}", s.n_rows, s.n_all, s.width);
  const std::int64_t few = s.n_rows * s.width, all = s.n_all * s.width;
  KernelCase gather{
      .name = "gather_rows " + text,
      .tensors = {{.name = "x", .size = all},
                  {.name = "y", .size = few, .role = Role::kOutput, .reason = "moves bytes: exact"}},
      .run = [s, rows](Context& context,
                       float* const* t) { gather_rows(context, args_of<GatherRowsArgs>(s, rows.in(context), t)); },
      .reference = [s,
                    rows](double* const* t) { gather_rows_ref(args_of<GatherRowsArgsOf<double>>(s, rows.host(), t)); },
      .bytes = 8.0 * static_cast<double>(few)};
  KernelCase scatter{
      .name = "scatter_rows " + text,
      .tensors = {{.name = "x", .size = few},
                  {.name = "y", .size = all, .role = Role::kOutput, .reason = "moves bytes: exact"}},
      .run = [s, rows](Context& context,
                       float* const* t) { scatter_rows(context, args_of<ScatterRowsArgs>(s, rows.in(context), t)); },
      .reference =
          [s, rows](double* const* t) { scatter_rows_ref(args_of<ScatterRowsArgsOf<double>>(s, rows.host(), t)); },
      .bytes = 4.0 * static_cast<double>(few + all)};
  for (KernelCase* c : {&gather, &scatter}) add_case(cases, std::move(*c), timed_only);
}

}  // namespace

std::vector<KernelCase> gather_rows_cases() {
  std::vector<KernelCase> cases;
  add_shape(cases, {0, 0, 7});
  add_shape(cases, {0, 5, 7});
  add_shape(cases, {1, 1, 1});
  add_shape(cases, {1, 200, 33});
  add_shape(cases, {31, 31, 257});
  add_shape(cases, {70, 131, 101});
  add_shape(cases, {3, 400, 64});
  add_shape(cases, {300, 1001, 32});
  add_shape(cases, {1500, 4096, 256}, true);
  return cases;
}

}  // namespace matinee
