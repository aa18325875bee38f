#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference.h"

namespace matinee {
namespace {

double dot(const double* a, const double* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

// The first token that token t sees.
std::int64_t first_seen(std::int64_t t, std::int64_t start, std::int64_t window) {
  return window == 0 ? start : std::max(start, t - window + 1);
}

// The score of a query and a key, and its derivative by their product.
struct Score {
  double value, slope;
};
Score score_of(double product, double scale, double softcap) {
  if (softcap == 0) return {scale * product, scale};
  const double t = std::tanh(scale * product / softcap);
  return {softcap * t, scale * (1 - t * t)};
}

// The softmax of the scores of one query over n keys (stride apart), and ln Σ exp.
template <class Args>
double softmax(const Args& args, const double* q, const double* k, std::int64_t stride, std::int64_t n,
               std::vector<double>& p) {
  p.resize(static_cast<std::size_t>(n));
  for (std::int64_t s = 0; s < n; ++s)
    p[static_cast<std::size_t>(s)] = score_of(dot(q, k + s * stride, args.head_dim), args.scale, args.softcap).value;
  const double largest = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& value : p) sum += value = std::exp(value - largest);
  for (double& value : p) value /= sum;
  return largest + std::log(sum);
}

void weighted_sum(const std::vector<double>& p, const double* v, std::int64_t stride, std::int64_t dim, double* out) {
  std::fill_n(out, dim, 0.0);
  for (std::size_t s = 0; s < p.size(); ++s) {
    for (std::int64_t i = 0; i < dim; ++i) out[i] += p[s] * v[static_cast<std::int64_t>(s) * stride + i];
  }
}

}  // namespace

void attention_forward_ref(const AttentionArgsOf<double>& args) {
  const std::int64_t dim = args.head_dim, group = args.n_heads / args.n_kv_heads, stride = args.n_kv_heads * dim;
  std::vector<double> p;
  for (std::int64_t t = 0; t < args.n_tokens; ++t) {
    const std::int64_t start = first_seen(t, args.segment_start[t], args.window);
    for (std::int64_t head = 0; head < args.n_heads; ++head) {
      const std::int64_t at = (t * args.n_heads + head) * dim, kv = start * stride + head / group * dim;
      args.logsumexp[t * args.n_heads + head] = softmax(args, args.q + at, args.k + kv, stride, t - start + 1, p);
      weighted_sum(p, args.v + kv, stride, dim, args.out + at);
    }
  }
}

void attention_backward_ref(const AttentionBackwardArgsOf<double>& args) {
  const std::int64_t dim = args.head_dim, group = args.n_heads / args.n_kv_heads, stride = args.n_kv_heads * dim;
  std::fill_n(args.grad_q, args.n_tokens * args.n_heads * dim, 0.0);
  std::fill_n(args.grad_k, args.n_tokens * stride, 0.0);
  std::fill_n(args.grad_v, args.n_tokens * stride, 0.0);
  std::vector<double> p;
  for (std::int64_t t = 0; t < args.n_tokens; ++t) {
    const std::int64_t start = first_seen(t, args.segment_start[t], args.window);
    for (std::int64_t head = 0; head < args.n_heads; ++head) {
      const std::int64_t at = (t * args.n_heads + head) * dim, kv = start * stride + head / group * dim;
      const double* grad_out = args.grad_out + at;
      softmax(args, args.q + at, args.k + kv, stride, t - start + 1, p);
      double mean = 0;
      for (std::size_t s = 0; s < p.size(); ++s) {
        mean += p[s] * dot(grad_out, args.v + kv + static_cast<std::int64_t>(s) * stride, dim);
      }
      for (std::size_t s = 0; s < p.size(); ++s) {
        const std::int64_t row = kv + static_cast<std::int64_t>(s) * stride;
        const Score score = score_of(dot(args.q + at, args.k + row, dim), args.scale, args.softcap);
        const double slope = score.slope * p[s] * (dot(grad_out, args.v + row, dim) - mean);
        for (std::int64_t i = 0; i < dim; ++i) {
          args.grad_v[row + i] += p[s] * grad_out[i];
          args.grad_q[at + i] += slope * args.k[row + i];
          args.grad_k[row + i] += slope * args.q[at + i];
        }
      }
    }
  }
}

void attention_cached_ref(const CachedAttentionArgsOf<double>& args) {
  for (const CachedSequenceOf<double>& s : args.sequences) {
    const std::int64_t dim = s.head_dim, group = s.n_heads / s.n_kv_heads, stride = s.n_kv_heads * dim;
    std::copy_n(s.k, s.n_queries * stride, s.k_cache + *s.first_position * stride);
    std::copy_n(s.v, s.n_queries * stride, s.v_cache + *s.first_position * stride);
    std::vector<double> p;
    for (std::int64_t t = 0; t < s.n_queries; ++t) {
      const std::int64_t position = *s.first_position + t, start = first_seen(position, 0, s.window);
      for (std::int64_t head = 0; head < s.n_heads; ++head) {
        const std::int64_t at = (t * s.n_heads + head) * dim, kv = start * stride + head / group * dim;
        softmax(s, s.q + at, s.k_cache + kv, stride, position - start + 1, p);
        weighted_sum(p, s.v_cache + kv, stride, dim, s.out + at);
      }
    }
  }
}

}  // namespace matinee
