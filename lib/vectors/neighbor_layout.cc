#include "lib/vectors/neighbor_layout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/vectors/repulsion_tree.h"

namespace matinee {
namespace {

constexpr int kExaggeratedSteps = 250;
constexpr float kEarlyExaggeration = 12, kLateExaggeration = 1;
constexpr float kMomentum = 0.8f;
constexpr float kLeastGain = 0.01f;
constexpr float kLongestStep = 5;
constexpr float kAngle = 0.8f;
constexpr std::size_t kPointBlock = 1024;

// Entry (i, j) is 1 if one of the two has the other as a neighbor, 2 if both have.
SparseRows mutual_neighbors(std::span<const std::int32_t> neighbors, std::int32_t k, ThreadPool& pool) {
  const auto n = static_cast<std::int32_t>(neighbors.size() / static_cast<std::size_t>(std::max(k, 1)));
  const auto append_neighbors = [&](std::int32_t point, std::vector<std::pair<std::int32_t, float>>& entries) {
    for (const std::int32_t other : neighbors.subspan(static_cast<std::size_t>(point) * static_cast<std::size_t>(k),
                                                      static_cast<std::size_t>(k))) {
      if (other >= 0) entries.emplace_back(other, 1.0f);
    }
  };
  const auto by_rows = [&](const auto& append) {
    return rows_by_blocks(n, n, pool, [&](std::int32_t begin, std::int32_t end, SparseRows& block) {
      std::vector<std::pair<std::int32_t, float>> entries;
      for (std::int32_t point = begin; point < end; ++point) {
        entries.clear();
        append(point, entries);
        block.add_row(entries);
      }
    });
  };
  const SparseRows back = transposed(by_rows(append_neighbors), pool);
  return by_rows([&](std::int32_t point, std::vector<std::pair<std::int32_t, float>>& entries) {
    append_neighbors(point, entries);
    for (const std::int32_t other : back.columns_of(point)) entries.emplace_back(other, 1.0f);
  });
}

// Gradient descent with momentum; each coordinate has a gain that grows while its gradient keeps its sign (Jacobs 1988,
// "Increased rates of convergence through learning rate adaptation").
struct Descent {
  std::vector<float> places, moves, gains;

  explicit Descent(std::vector<float> start)
      : places(std::move(start)), moves(places.size(), 0.0f), gains(places.size(), 1.0f) {}

  void step(std::size_t point, const float (&gradient)[2], float rate) {
    float move[2];
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const std::size_t i = 2 * point + axis;
      const bool turned = (gradient[axis] > 0) == (moves[i] > 0);
      gains[i] = std::max(turned ? gains[i] * 0.8f : gains[i] + 0.2f, kLeastGain);
      move[axis] = kMomentum * moves[i] - rate * gains[i] * gradient[axis];
    }
    const float length = std::sqrt(move[0] * move[0] + move[1] * move[1]);
    const float scale = length > kLongestStep ? kLongestStep / length : 1;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      moves[2 * point + axis] = scale * move[axis];
      places[2 * point + axis] += scale * move[axis];
    }
  }
};

}  // namespace

std::vector<float> neighbor_layout(std::span<const std::int32_t> neighbors, std::int32_t k, std::vector<float> start,
                                   ThreadPool& pool, const std::function<void()>& step_done) {
  const SparseRows graph = mutual_neighbors(neighbors, k, pool);
  const std::size_t n = start.size() / 2;
  double total = 0;
  for (const float value : graph.values) total += value;
  Descent descent(std::move(start));
  std::vector<float> repulsion(2 * n), before;
  for (int step = 0; step < layout_steps(); ++step) {
    const float exaggeration = step < kExaggeratedSteps ? kEarlyExaggeration : kLateExaggeration;
    const auto rate = static_cast<float>(n) / exaggeration;
    const double sum = RepulsionTree(descent.places, kAngle, pool).sum(repulsion, pool);
    const auto attract = static_cast<float>(exaggeration / std::max(total, 1.0));
    const auto repel = static_cast<float>(1 / std::max(sum, 1e-30));
    before = descent.places;
    pool.for_blocks(n, kPointBlock, [&](std::size_t begin, std::size_t end, int) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::span<const std::int32_t> others = graph.columns_of(static_cast<std::int32_t>(i));
        const std::span<const float> values = graph.values_of(static_cast<std::int32_t>(i));
        float pull[2] = {0, 0};
        for (std::size_t j = 0; j < others.size(); ++j) {
          const std::size_t other = 2 * static_cast<std::size_t>(others[j]);
          const float dx = before[2 * i] - before[other], dy = before[2 * i + 1] - before[other + 1];
          const float weight = values[j] / (1 + dx * dx + dy * dy);
          pull[0] += weight * dx;
          pull[1] += weight * dy;
        }
        descent.step(
            i, {attract * pull[0] - repel * repulsion[2 * i], attract * pull[1] - repel * repulsion[2 * i + 1]}, rate);
      }
    });
    if (step_done) step_done();
  }
  return std::move(descent.places);
}

}  // namespace matinee
