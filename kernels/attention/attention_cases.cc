#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

struct Shape {
  std::vector<std::int32_t> segments;  // lengths
  std::int64_t n_heads, n_kv_heads, head_dim;
  float scale = 0.25f;
  float magnitude = 1;
  std::int64_t window = 0;
  MatmulPrecision precision = MatmulPrecision::kF32;
  float softcap = 0;

  std::int64_t n_tokens() const {
    std::int64_t sum = 0;
    for (const std::int32_t length : segments) sum += length;
    return sum;
  }
  std::vector<std::int32_t> starts() const {
    std::vector<std::int32_t> result;
    for (const std::int32_t length : segments)
      result.insert(result.end(), static_cast<std::size_t>(length), static_cast<std::int32_t>(result.size()));
    return result;
  }
  std::string describe(const char* operation) const {
    std::string lengths;
    for (std::size_t i = 0; i < segments.size() && i < 8; ++i)
      lengths += fmt::format("{}{}", i == 0 ? "" : ",", segments[i]);
    if (segments.size() > 8) lengths += fmt::format(",... {} in all", segments.size());
    return fmt::format(
        "{} segments=[{}] n_heads={} n_kv_heads={} head_dim={} scale={} magnitude={} window={} softcap={}{}", operation,
        lengths, n_heads, n_kv_heads, head_dim, scale, magnitude, window, softcap,
        precision == MatmulPrecision::kBF16 ? " bf16" : "");
  }
};

template <class T>
AttentionArgsOf<T> forward_args(const Shape& s, const std::int32_t* starts, T* const* t) {
  return {.n_tokens = s.n_tokens(),
          .n_heads = s.n_heads,
          .n_kv_heads = s.n_kv_heads,
          .head_dim = s.head_dim,
          .scale = s.scale,
          .window = s.window,
          .softcap = s.softcap,
          .segment_start = starts,
          .q = t[0],
          .k = t[1],
          .v = t[2],
          .out = t[3],
          .logsumexp = t[4],
          .precision = s.precision};
}

template <class T>
AttentionBackwardArgsOf<T> backward_args(const Shape& s, const std::int32_t* starts, T* const* t) {
  return {.n_tokens = s.n_tokens(),
          .n_heads = s.n_heads,
          .n_kv_heads = s.n_kv_heads,
          .head_dim = s.head_dim,
          .scale = s.scale,
          .window = s.window,
          .softcap = s.softcap,
          .segment_start = starts,
          .q = t[0],
          .k = t[1],
          .v = t[2],
          .out = t[3],
          .logsumexp = t[4],
          .grad_out = t[5],
          .grad_q = t[6],
          .grad_k = t[7],
          .grad_v = t[8],
          .precision = s.precision};
}

// The error of a score: head_dim roundings of sums below head_dim·magnitude², times scale. The logarithm has the same
// absolute error, and a probability has it as its relative error, as has every mean of values below 1.
double score_error(const Shape& s) {
  const double score = std::fabs(static_cast<double>(s.scale)) * static_cast<double>(s.magnitude * s.magnitude) *
                       static_cast<double>(s.head_dim);
  return (score * std::sqrt(static_cast<double>(s.head_dim)) + std::sqrt(static_cast<double>(s.n_tokens())) + 16) * 2 *
         kFloatRounding;
}

// The additional errors of bfloat16. The inputs are representable, so scores are as exact as in float32. Probabilities
// are rounded, and so are slopes: a slope is a probability times a difference of means below 2·sqrt(head_dim), as the
// inner product of two vectors of numbers below 1 has a standard deviation of sqrt(head_dim) / 3. A query's
// probabilities sum to 1. The squares of a key's probabilities, over the queries of a head that see it, sum to less
// than 4 if they are nearly uniform: 1 + 1/4 + 1/9 + ...
struct BfloatErrors {
  double out = 0, grad_q = 0, grad_k = 0, grad_v = 0;

  explicit BfloatErrors(const Shape& s) {
    if (s.precision == MatmulPrecision::kF32) return;
    const double slope = std::fabs(static_cast<double>(s.scale * s.magnitude)) * 2 *
                         std::sqrt(static_cast<double>(s.head_dim)) * kBfloatRounding;
    const double keys = std::sqrt(4 * static_cast<double>(s.n_heads) / static_cast<double>(s.n_kv_heads));
    out = kBfloatRounding;
    grad_q = slope;
    grad_k = slope * keys;
    grad_v = kBfloatRounding * keys;
  }
};

void add_shape(std::vector<KernelCase>& cases, const Shape& s, bool timed_only = false) {
  const std::int64_t n = s.n_tokens(), q = n * s.n_heads * s.head_dim, kv = n * s.n_kv_heads * s.head_dim;
  const CaseInput<std::int32_t> starts(s.starts());
  const double error = score_error(s);
  const BfloatErrors bfloat(s);
  const bool representable = s.precision == MatmulPrecision::kBF16;
  double pairs = 0;
  for (const std::int32_t length : s.segments) {
    for (std::int32_t t = 0; t < length; ++t)
      pairs += static_cast<double>(s.window == 0 ? t + 1 : std::min<std::int64_t>(t + 1, s.window));
  }
  const CaseTensor inputs[] = {
      {.name = "q", .size = q, .low = -s.magnitude, .high = s.magnitude, .representable = representable},
      {.name = "k", .size = kv, .low = -s.magnitude, .high = s.magnitude, .representable = representable},
      {.name = "v", .size = kv, .representable = representable}};
  KernelCase forward{
      .name = s.describe("attention_forward"),
      .tensors = {inputs[0],
                  inputs[1],
                  inputs[2],
                  {.name = "out",
                   .size = q,
                   .role = Role::kOutput,
                   .absolute = error + bfloat.out,
                   .reason = "errors of the scores"},
                  {.name = "logsumexp",
                   .size = n * s.n_heads,
                   .role = Role::kOutput,
                   .absolute = error,
                   .relative = 4 * kFloatRounding,
                   .reason = "errors of the scores"}},
      .run = [s, starts](Context& context,
                         float* const* t) { attention_forward(context, forward_args(s, starts.in(context), t)); },
      .reference = [s, starts](double* const* t) { attention_forward_ref(forward_args(s, starts.host(), t)); },
      .operations = 4 * pairs * static_cast<double>(s.n_heads * s.head_dim),
      .bytes = 4.0 * static_cast<double>(2 * q + 2 * kv)};
  // The error of sums of slopes over queries or keys; a slope is a difference of numbers below head_dim.
  const double slope_error =
      8 * error * std::fabs(static_cast<double>(s.scale * s.magnitude)) * static_cast<double>(s.head_dim) *
      std::sqrt(static_cast<double>(n) * static_cast<double>(s.n_heads) / static_cast<double>(s.n_kv_heads) + 1);
  const char* reason = "errors of the scores, summed over tokens";
  KernelCase backward{
      .name = s.describe("attention_backward"),
      .tensors = {inputs[0],
                  inputs[1],
                  inputs[2],
                  {.name = "out", .size = q},
                  {.name = "logsumexp", .size = n * s.n_heads},
                  {.name = "grad_out", .size = q, .representable = representable},
                  {.name = "grad_q",
                   .size = q,
                   .role = Role::kOutput,
                   .absolute = slope_error + bfloat.grad_q,
                   .reason = reason},
                  {.name = "grad_k",
                   .size = kv,
                   .role = Role::kOutput,
                   .absolute = slope_error + bfloat.grad_k,
                   .reason = reason},
                  {.name = "grad_v",
                   .size = kv,
                   .role = Role::kOutput,
                   .absolute = bfloat.grad_v + 8 * error *
                                                   std::sqrt(static_cast<double>(n) * static_cast<double>(s.n_heads) /
                                                                 static_cast<double>(s.n_kv_heads) +
                                                             1),
                   .reason = reason}},
      .prepare = [s, starts](double* const* t) { attention_forward_ref(forward_args(s, starts.host(), t)); },
      .run = [s, starts](Context& context,
                         float* const* t) { attention_backward(context, backward_args(s, starts.in(context), t)); },
      .reference = [s, starts](double* const* t) { attention_backward_ref(backward_args(s, starts.host(), t)); },
      .operations = 10 * pairs * static_cast<double>(s.n_heads * s.head_dim),
      .bytes = 4.0 * static_cast<double>(4 * q + 4 * kv)};
  for (KernelCase* c : {&forward, &backward}) add_case(cases, std::move(*c), timed_only);
}

// The new tokens of a sequence, and the unused rows of its cache.
struct CachedPlace {
  std::int64_t n_queries, first_position, room = 0;

  std::int64_t max_tokens() const { return first_position + n_queries + room; }
};

// The sequences' tokens, and their caches, one after another.
template <class T>
CachedAttentionArgsOf<T> cached_args(const Shape& s, const std::vector<CachedPlace>& places,
                                     const std::int32_t* first_positions, T* const* t) {
  CachedAttentionArgsOf<T> args;
  const std::int64_t width = s.n_heads * s.head_dim, kv_width = s.n_kv_heads * s.head_dim;
  std::int64_t row = 0, cache_row = 0;
  for (const CachedPlace& place : places) {
    args.sequences.push_back({.n_queries = place.n_queries,
                              .n_heads = s.n_heads,
                              .n_kv_heads = s.n_kv_heads,
                              .head_dim = s.head_dim,
                              .max_tokens = place.max_tokens(),
                              .first_position = first_positions++,
                              .scale = s.scale,
                              .window = s.window,
                              .softcap = s.softcap,
                              .q = t[0] + row * width,
                              .k = t[1] + row * kv_width,
                              .v = t[2] + row * kv_width,
                              .k_cache = t[3] + cache_row * kv_width,
                              .v_cache = t[4] + cache_row * kv_width,
                              .out = t[5] + row * width,
                              .precision = s.precision});
    row += place.n_queries;
    cache_row += place.max_tokens();
  }
  return args;
}

void add_cached(std::vector<KernelCase>& cases, const std::vector<CachedPlace>& places, Shape s,
                bool timed_only = false) {
  const bool representable = s.precision == MatmulPrecision::kBF16;
  const std::int64_t kv = s.n_kv_heads * s.head_dim;
  std::int64_t n_queries = 0, n_cached = 0;
  double pairs = 0;
  std::vector<std::int32_t> positions;
  std::string described;
  for (const CachedPlace& place : places) {
    n_queries += place.n_queries;
    n_cached += place.max_tokens();
    pairs += static_cast<double>(place.n_queries * (place.first_position + place.n_queries));
    positions.push_back(static_cast<std::int32_t>(place.first_position));
    s.segments.push_back(static_cast<std::int32_t>(place.first_position + place.n_queries));
    described += fmt::format(" {}@{}/{}", place.n_queries, place.first_position, place.max_tokens());
  }
  const CaseInput<std::int32_t> first(positions);
  const CaseTensor cache{.name = "k_cache",
                         .size = n_cached * kv,
                         .role = Role::kAdded,
                         .representable = representable,
                         .reason = "moves bytes: exact"};
  CaseTensor v_cache = cache;
  v_cache.name = "v_cache";
  KernelCase c{.name = fmt::format(
                   "attention_cached queries@position/max_tokens:{} n_heads={} n_kv_heads={} head_dim={} "
                   "window={} softcap={}{}",
                   described, s.n_heads, s.n_kv_heads, s.head_dim, s.window, s.softcap, representable ? " bf16" : ""),
               .tensors = {{.name = "q", .size = n_queries * s.n_heads * s.head_dim, .representable = representable},
                           {.name = "k", .size = n_queries * kv, .representable = representable},
                           {.name = "v", .size = n_queries * kv, .representable = representable},
                           cache,
                           v_cache,
                           {.name = "out",
                            .size = n_queries * s.n_heads * s.head_dim,
                            .role = Role::kOutput,
                            .absolute = score_error(s) + BfloatErrors(s).out,
                            .reason = "errors of the scores"}},
               .run = [=](Context& context,
                          float* const* t) { attention_cached(context, cached_args(s, places, first.in(context), t)); },
               .reference = [=](double* const* t) { attention_cached_ref(cached_args(s, places, first.host(), t)); },
               .operations = 4.0 * pairs * static_cast<double>(s.n_heads * s.head_dim),
               .bytes = 8.0 * static_cast<double>(n_cached * kv)};
  add_case(cases, std::move(c), timed_only);
}

// One sequence.
void add_cached(std::vector<KernelCase>& cases, std::int64_t n_queries, std::int64_t first_position,
                std::int64_t n_heads, std::int64_t n_kv_heads, std::int64_t head_dim, std::int64_t window = 0,
                bool timed_only = false, MatmulPrecision precision = MatmulPrecision::kF32, std::int64_t room = 0,
                float softcap = 0) {
  add_cached(cases, {{n_queries, first_position, room}},
             {{}, n_heads, n_kv_heads, head_dim, 0.25f, 1, window, precision, softcap}, timed_only);
}

// Several sequences: of every length, in any order, without tokens, and none.
void add_batches(std::vector<KernelCase>& cases) {
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    for (const std::int64_t window : {0, 70}) {
      const Shape s{{}, 6, 2, 32, 0.25f, 1, window, precision};
      add_cached(cases, {{1, 0, 9}, {1, 200, 3}, {0, 5}, {70, 30}, {3, 62, 64}, {1, 1}}, s);
      add_cached(cases, {{130, 0}, {1, 90}}, s);
    }
    add_cached(cases, {{1, 10}, {1, 11}, {1, 12}, {1, 13}, {2, 14}}, {{}, 2, 1, 20, 0.25f, 1, 0, precision, 5});
  }
  add_cached(cases, std::vector<CachedPlace>{}, {{}, 2, 1, 8});
}

}  // namespace

std::vector<KernelCase> attention_cases() {
  std::vector<KernelCase> cases;
  add_shape(cases, {{}, 2, 1, 8});
  add_shape(cases, {{1}, 1, 1, 1});
  add_shape(cases, {{1, 1, 1}, 2, 2, 7});
  add_shape(cases, {{7, 64, 65, 1, 130}, 4, 2, 32});
  add_shape(cases, {{31, 33}, 6, 1, 33});
  add_shape(cases, {{63, 128}, 2, 2, 64});
  add_shape(cases, {{100}, 3, 3, 101});
  add_shape(cases, {{257}, 2, 1, 16, -0.5f});
  add_shape(cases, {{150}, 2, 1, 16, 0.25f, 20});  // scores of some hundreds put nearly all weight on one key
  add_shape(cases, {{40, 90}, 2, 1, 16, 0.25f, 0});
  add_cached(cases, 0, 5, 2, 1, 8);
  add_cached(cases, 1, 0, 2, 1, 8);
  add_cached(cases, 1, 200, 4, 2, 64);
  add_cached(cases, 3, 62, 4, 4, 33);
  add_cached(cases, 130, 70, 2, 1, 31);
  // Windows: one token, within a block, a block and its neighbors, several blocks, wider than any segment.
  for (const std::int64_t window : {1, 10, 63, 64, 65, 130, 1000}) {
    add_shape(cases, {{7, 64, 65, 1, 330}, 4, 2, 16, 0.25f, 1, window});
    add_cached(cases, 1, 200, 2, 1, 16, window);
    add_cached(cases, 130, 70, 2, 1, 16, window);
    // Longer caches: what follows the new tokens is neither read nor written.
    add_cached(cases, 1, 200, 2, 1, 16, window, false, MatmulPrecision::kF32, 150);
    add_cached(cases, 20, 70, 2, 1, 16, window, false, MatmulPrecision::kF32, 150);
  }
  add_shape(cases, {{257}, 2, 1, 16, -0.5f, 1, 70});
  // Each head size with CUDA kernels of its own, and some in between.
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    for (const std::int64_t head_dim : {20, 64, 90, 128, 160, 256}) {
      add_shape(cases, {{5, 75}, 2, 1, head_dim, 0.125f, 1, 0, precision});
      add_cached(cases, 1, 70, 4, 1, head_dim, 0, false, precision);
      add_cached(cases, 20, 50, 2, 1, head_dim, 0, false, precision);
    }
    add_cached(cases, 1, 1500, 5, 1, 64, 1100, false, precision);  // many parts; rows that are not a multiple of four
    add_cached(cases, 7, 40, 6, 2, 24, 0, false, precision);
    add_cached(cases, 7, 90, 6, 2, 24, 70, false, precision);      // each query has a different first key
    add_cached(cases, 2, 90, 71, 1, 64, 0, false, precision);      // more rows than a block takes
    add_cached(cases, 8, 60, 4, 2, 32, 0, false, precision, 1);    // new tokens in two parts
    add_cached(cases, 3, 64, 6, 3, 20, 0, false, precision, 300);  // and alone in one
    add_cached(cases, 1, 0, 2, 1, 32, 0, false, precision, 999);
  }
  add_batches(cases);
  for (const std::int64_t window : {0, 1, 70}) {
    add_shape(cases, {{7, 64, 65, 1, 200}, 4, 2, 32, 0.25f, 1, window, MatmulPrecision::kBF16});
    add_cached(cases, 130, 70, 2, 1, 32, window, false, MatmulPrecision::kBF16);
  }
  // Scores that are capped softly: slightly, and far into saturation; with a window; at every head size of CUDA.
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    for (const float softcap : {0.2f, 5.0f, 50.0f}) {
      add_shape(cases, {{7, 64, 65, 1, 130}, 4, 2, 32, 0.25f, 1, 0, precision, softcap});
      add_shape(cases, {{5, 75}, 2, 1, 16, -0.25f, 6, 33, precision, softcap});
      add_cached(cases, 1, 200, 4, 2, 32, 70, false, precision, 0, softcap);
      add_cached(cases, 20, 70, 4, 2, 32, 0, false, precision, 150, softcap);
    }
    for (const std::int64_t head_dim : {64, 96, 128, 192, 256}) {
      add_shape(cases, {{5, 75}, 2, 1, head_dim, 0.125f, 1, 0, precision, 1});
      add_cached(cases, 1, 70, 4, 1, head_dim, 0, false, precision, 0, 1);
    }
  }
  for (const MatmulPrecision precision : {MatmulPrecision::kF32, MatmulPrecision::kBF16}) {
    for (const std::int32_t length : {32, 128, 512}) {
      const std::vector<std::int32_t> segments(static_cast<std::size_t>(4096 / length), length);
      add_shape(cases, {segments, 4, 4, 64, 0.25f, 1, 0, precision}, true);
    }
  }
  add_shape(cases, {std::vector<std::int32_t>(8, 512), 4, 4, 64, 0.25f, 1, 128}, true);
  add_shape(cases, {std::vector<std::int32_t>(8, 512), 4, 4, 64, 0.25f, 1, 0, MatmulPrecision::kF32, 50}, true);
  add_cached(cases, 1, 511, 4, 4, 64, 0, true);
  add_cached(cases, std::vector<CachedPlace>(8, {1, 200}), {{}, 9, 3, 64}, true);
  return cases;
}

}  // namespace matinee
