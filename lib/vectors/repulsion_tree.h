#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lib/base/parallel.h"

namespace matinee {

/// Sums over all pairs of points in the plane, approximated with a quadtree: a cell that is far away for its size
/// counts as that many points at its center of mass (Barnes, Hut 1986, "A hierarchical O(N log N) force-calculation
/// algorithm"; for t-SNE: van der Maaten 2014, "Accelerating t-SNE using tree-based algorithms").
class RepulsionTree {
 public:
  /// Of points [n, 2]. A cell is far away if its width is below `angle` times its distance; 0 sums every pair.
  RepulsionTree(std::span<const float> points, float angle, ThreadPool& pool);

  /// With w_ij = 1 / (1 + |y_i − y_j|²), writes forces[i] = Σ_j w_ij² (y_i − y_j), [n, 2], and returns Σ_i Σ_j≠i w_ij.
  /// The same bytes with any number of threads and on any processor. O(n log n).
  double sum(std::span<float> forces, ThreadPool& pool) const;

 private:
  struct Node {
    float x, y;               ///< center of mass
    float reach;              ///< (width / angle)²: it is far for points whose squared distance is larger
    std::int32_t begin, end;  ///< its points, in the order of the tree
    std::int32_t next;        ///< the node behind its descendants; of a leaf, the one behind it
  };
  struct Far;

  void add_nodes(std::int32_t begin, std::int32_t end, int depth, float width);
  void collect(const Node& leaf, Far& far) const;

  float angle_;
  std::vector<std::uint64_t> keys_;  // interleaved bits of the coordinates, then the number of the point; sorted
  std::vector<float> x_, y_;         // of the points in this order
  std::vector<Node> nodes_;          // each before its descendants
  std::vector<std::int32_t> leaves_;
};

}  // namespace matinee
