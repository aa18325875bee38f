#include "lib/vectors/repulsion_tree.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lib/base/random.h"

namespace matinee {
namespace {

// Uniform in a square of width 20; every fifth point is at the place of an earlier one.
std::vector<float> random_points(std::size_t n) {
  Random random(7, "points");
  std::vector<float> points(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t axis = 0; axis < 2; ++axis)
      points[2 * i + axis] = i % 5 == 4 ? points[2 * (i - 4) + axis] : static_cast<float>(20 * random.uniform());
  }
  return points;
}

struct Sums {
  std::vector<double> forces;
  double weights = 0;
};

Sums sums_of_all_pairs(const std::vector<float>& points) {
  const std::size_t n = points.size() / 2;
  Sums sums{std::vector<double>(2 * n)};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      const double dx = static_cast<double>(points[2 * i]) - points[2 * j];
      const double dy = static_cast<double>(points[2 * i + 1]) - points[2 * j + 1];
      const double w = 1 / (1 + dx * dx + dy * dy);
      sums.weights += w;
      sums.forces[2 * i] += w * w * dx;
      sums.forces[2 * i + 1] += w * w * dy;
    }
  }
  return sums;
}

// The largest error of a force, relative to the largest force.
double error_of(const std::vector<float>& forces, const Sums& sums) {
  double error = 0, largest = 0;
  for (std::size_t i = 0; i < forces.size(); ++i) {
    error = std::max(error, std::fabs(forces[i] - sums.forces[i]));
    largest = std::max(largest, std::fabs(sums.forces[i]));
  }
  return error / largest;
}

class RepulsionTreeTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RepulsionTreeTest, AngleZeroSumsAllPairs) {
  const std::vector<float> points = random_points(GetParam());
  const Sums expected = sums_of_all_pairs(points);
  std::vector<float> forces(points.size());
  ThreadPool pool(2);
  const double weights = RepulsionTree(points, 0, pool).sum(forces, pool);
  EXPECT_NEAR(weights, expected.weights, 1e-5 * expected.weights + 1e-5);
  EXPECT_LT(error_of(forces, expected), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RepulsionTreeTest, ::testing::Values(2, 3, 33, 1000));

TEST(RepulsionTree, CellsStandForTheirPoints) {
  const std::vector<float> points = random_points(5000);
  const Sums expected = sums_of_all_pairs(points);
  std::vector<float> forces(points.size());
  ThreadPool pool(2);
  const double weights = RepulsionTree(points, 0.5f, pool).sum(forces, pool);
  EXPECT_NEAR(weights, expected.weights, 0.02 * expected.weights);
  EXPECT_LT(error_of(forces, expected), 0.03);
  EXPECT_GT(error_of(forces, expected), 0);
}

TEST(RepulsionTree, IsTheSameWithAnyNumberOfThreads) {
  const std::vector<float> points = random_points(20000);
  std::vector<float> first(points.size()), second(points.size());
  ThreadPool one(1), three(3);
  const double sum = RepulsionTree(points, 0.8f, one).sum(first, one);
  EXPECT_EQ(RepulsionTree(points, 0.8f, three).sum(second, three), sum);
  EXPECT_EQ(first, second);
}

TEST(RepulsionTree, PointsAtOnePlaceDoNotRepel) {
  const std::vector<float> points(2 * 100, 3.5f);
  std::vector<float> forces(points.size(), 1.0f);
  ThreadPool pool(1);
  EXPECT_EQ(RepulsionTree(points, 0.8f, pool).sum(forces, pool), 100.0 * 99);
  for (const float force : forces) ASSERT_EQ(force, 0.0f);
}

}  // namespace
}  // namespace matinee
