#include "lib/vectors/repulsion_tree.h"

#include <immintrin.h>

#include <algorithm>
#include <cmath>

#include "lib/base/parallel_sort.h"

namespace matinee {
namespace {

constexpr int kDepth = 16;              // bits of a coordinate
constexpr std::int32_t kLeafSize = 32;  // points that share the list of what is far from them
constexpr std::size_t kPointBlock = 1 << 13, kLeafBlock = 32;
constexpr std::int64_t kLanes = 8;

// The 16 bits of a number at the even places.
std::uint32_t spread(std::uint32_t bits) {
  bits = (bits | bits << 8) & 0x00ff00ffu;
  bits = (bits | bits << 4) & 0x0f0f0f0fu;
  bits = (bits | bits << 2) & 0x33333333u;
  return (bits | bits << 1) & 0x55555555u;
}

float sum_of_lanes(__m256 lanes) {
  float values[kLanes];
  _mm256_storeu_ps(values, lanes);
  for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::int64_t lane = 0; lane < width; ++lane) values[lane] += values[lane + width];
  }
  return values[0];
}

}  // namespace

// What acts on the points of a leaf: masses at places.
struct RepulsionTree::Far {
  std::vector<float> x, y, mass;

  void clear() {
    x.clear();
    y.clear();
    mass.clear();
  }
  void add(float at_x, float at_y, float weight) {
    x.push_back(at_x);
    y.push_back(at_y);
    mass.push_back(weight);
  }
  // To whole vectors, with masses of 0.
  void pad() {
    while (x.size() % static_cast<std::size_t>(kLanes) != 0) add(0, 0, 0);
  }
};

RepulsionTree::RepulsionTree(std::span<const float> points, float angle, ThreadPool& pool)
    : angle_(angle), keys_(points.size() / 2), x_(keys_.size()), y_(keys_.size()) {
  if (keys_.empty()) return;
  float low[2] = {points[0], points[1]}, high[2] = {points[0], points[1]};
  for (std::size_t i = 0; i < points.size(); ++i) {
    low[i % 2] = std::min(low[i % 2], points[i]);
    high[i % 2] = std::max(high[i % 2], points[i]);
  }
  const float width = std::max({high[0] - low[0], high[1] - low[1], 1e-30f});
  const float cells = 65535.0f / width;
  pool.for_blocks(keys_.size(), kPointBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto column = static_cast<std::uint32_t>((points[2 * i] - low[0]) * cells);
      const auto row = static_cast<std::uint32_t>((points[2 * i + 1] - low[1]) * cells);
      keys_[i] = static_cast<std::uint64_t>(spread(column) | spread(row) << 1) << 32 | i;
    }
  });
  parallel_sort(pool, keys_, std::less<>());
  pool.for_blocks(keys_.size(), kPointBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t point = keys_[i] & 0xffffffffu;
      x_[i] = points[2 * point];
      y_[i] = points[2 * point + 1];
    }
  });
  nodes_.reserve(keys_.size() / 2 + 16);
  add_nodes(0, static_cast<std::int32_t>(keys_.size()), 0, width * (65536.0f / 65535.0f));
}

// The cell of `width` with the points [begin, end), which share the first `depth` pairs of bits.
void RepulsionTree::add_nodes(std::int32_t begin, std::int32_t end, int depth, float width) {
  // Cells that hold the same points as one of their quarters are left out.
  const auto quarter = [&](std::int32_t at) { return keys_[static_cast<std::size_t>(at)] >> (62 - 2 * depth) & 3; };
  while (depth < kDepth && end - begin > kLeafSize && quarter(begin) == quarter(end - 1)) {
    ++depth;
    width /= 2;
  }
  const std::size_t at = nodes_.size();
  const float reach = angle_ > 0 ? (width / angle_) * (width / angle_) : INFINITY;
  nodes_.push_back({0, 0, reach, begin, end, 0});
  double x = 0, y = 0;
  if (end - begin <= kLeafSize || depth == kDepth) {
    leaves_.push_back(static_cast<std::int32_t>(at));
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      x += x_[i];
      y += y_[i];
    }
  } else {
    for (std::int32_t first = begin; first < end;) {
      const std::uint64_t which = quarter(first);
      std::int32_t last = first + 1, behind = end;  // the first point of another quarter is in [last, behind]
      while (last < behind) {
        const std::int32_t middle = last + (behind - last) / 2;
        (quarter(middle) == which ? last : behind) = quarter(middle) == which ? middle + 1 : middle;
      }
      const std::size_t child = nodes_.size();
      add_nodes(first, last, depth + 1, width / 2);
      x += static_cast<double>(nodes_[child].x) * (last - first);
      y += static_cast<double>(nodes_[child].y) * (last - first);
      first = last;
    }
  }
  nodes_[at].x = static_cast<float>(x / (end - begin));
  nodes_[at].y = static_cast<float>(y / (end - begin));
  nodes_[at].next = static_cast<std::int32_t>(nodes_.size());
}

void RepulsionTree::collect(const Node& leaf, Far& far) const {
  const auto first = leaf.begin, last = leaf.end;
  const auto [left, right] = std::minmax_element(x_.begin() + first, x_.begin() + last);
  const auto [bottom, top] = std::minmax_element(y_.begin() + first, y_.begin() + last);
  far.clear();
  for (std::size_t at = 0; at < nodes_.size();) {
    const Node& node = nodes_[at];
    const float dx = std::max({*left - node.x, node.x - *right, 0.0f});
    const float dy = std::max({*bottom - node.y, node.y - *top, 0.0f});
    const bool inner = static_cast<std::size_t>(node.next) != at + 1;
    if (dx * dx + dy * dy > node.reach) {
      far.add(node.x, node.y, static_cast<float>(node.end - node.begin));
    } else if (inner) {
      ++at;
      continue;
    } else {
      for (auto i = static_cast<std::size_t>(node.begin); i < static_cast<std::size_t>(node.end); ++i)
        far.add(x_[i], y_[i], 1);
    }
    at = static_cast<std::size_t>(node.next);
  }
  far.pad();
}

double RepulsionTree::sum(std::span<float> forces, ThreadPool& pool) const {
  std::vector<double> sums((leaves_.size() + kLeafBlock - 1) / kLeafBlock);
  pool.for_blocks(leaves_.size(), kLeafBlock, [&](std::size_t begin, std::size_t end, int) {
    double& total = sums[begin / kLeafBlock];
    Far far;
    const __m256 one = _mm256_set1_ps(1);
    for (std::size_t leaf = begin; leaf < end; ++leaf) {
      const Node& node = nodes_[static_cast<std::size_t>(leaves_[leaf])];
      collect(node, far);
      for (auto i = static_cast<std::size_t>(node.begin); i < static_cast<std::size_t>(node.end); ++i) {
        const __m256 x = _mm256_set1_ps(x_[i]), y = _mm256_set1_ps(y_[i]);
        __m256 force_x = _mm256_setzero_ps(), force_y = force_x, weights = force_x;
        for (std::size_t j = 0; j < far.x.size(); j += kLanes) {
          const __m256 dx = _mm256_sub_ps(x, _mm256_loadu_ps(far.x.data() + j));
          const __m256 dy = _mm256_sub_ps(y, _mm256_loadu_ps(far.y.data() + j));
          const __m256 w = _mm256_div_ps(one, _mm256_fmadd_ps(dx, dx, _mm256_fmadd_ps(dy, dy, one)));
          const __m256 weight = _mm256_mul_ps(w, _mm256_loadu_ps(far.mass.data() + j));
          const __m256 force = _mm256_mul_ps(w, weight);
          weights = _mm256_add_ps(weights, weight);
          force_x = _mm256_fmadd_ps(force, dx, force_x);
          force_y = _mm256_fmadd_ps(force, dy, force_y);
        }
        const std::size_t point = keys_[i] & 0xffffffffu;
        forces[2 * point] = sum_of_lanes(force_x);
        forces[2 * point + 1] = sum_of_lanes(force_y);
        total += static_cast<double>(sum_of_lanes(weights)) - 1;  // without the point itself
      }
    }
  });
  double all = 0;
  for (const double part : sums) all += part;
  return all;
}

}  // namespace matinee
