#include "lib/train/lr_schedule.h"

#include <gtest/gtest.h>

namespace matinee {
namespace {

const LrSchedule kSchedules[] = {
    {.learning_rate = 1e-3, .min_learning_rate = 1e-4, .warmup_steps = 10, .total_steps = 100},
    {.learning_rate = 2e-3, .min_learning_rate = 0, .warmup_steps = 0, .total_steps = 7},
    {.learning_rate = 1, .min_learning_rate = 1, .warmup_steps = 3, .total_steps = 4},
    {.learning_rate = 1e-2, .min_learning_rate = 1e-3, .warmup_steps = 1, .total_steps = 1000003},
};

TEST(LrSchedule, NeverRisesAfterWarmup) {
  for (const LrSchedule& schedule : kSchedules) {
    for (std::int64_t step = std::max<std::int64_t>(1, schedule.warmup_steps); step < 2 * 101; ++step) {
      EXPECT_LE(schedule.at(step + 1), schedule.at(step)) << "step " << step;
    }
    // Also past the end, where an unclamped cosine would rise again.
    for (std::int64_t beyond = 0; beyond < 50; ++beyond) {
      EXPECT_EQ(schedule.at(schedule.total_steps + beyond), schedule.min_learning_rate);
    }
  }
}

TEST(LrSchedule, ShapesAfterTheWarmUp) {
  LrSchedule schedule{.learning_rate = 1e-3, .min_learning_rate = 1e-4, .warmup_steps = 10, .total_steps = 110};
  schedule.shape = ScheduleShape::kLinear;
  EXPECT_DOUBLE_EQ(schedule.at(5), 5e-4);
  EXPECT_DOUBLE_EQ(schedule.at(35), 1e-3 - 0.25 * 9e-4);
  EXPECT_DOUBLE_EQ(schedule.at(110), 1e-4);
  schedule.shape = ScheduleShape::kConstant;
  EXPECT_DOUBLE_EQ(schedule.at(5), 5e-4);
  EXPECT_DOUBLE_EQ(schedule.at(11), 1e-3);
  EXPECT_DOUBLE_EQ(schedule.at(500), 1e-3);
  schedule.shape = ScheduleShape::kWsd;
  schedule.decay_steps = 20;
  EXPECT_DOUBLE_EQ(schedule.at(90), 1e-3);
  EXPECT_DOUBLE_EQ(schedule.at(100), (1e-3 + 1e-4) / 2);
  EXPECT_DOUBLE_EQ(schedule.at(110), 1e-4);
  schedule.decay_steps = 1000;  // more than the warm-up leaves
  EXPECT_DOUBLE_EQ(schedule.at(10), 1e-3);
  EXPECT_DOUBLE_EQ(schedule.at(60), (1e-3 + 1e-4) / 2);
}

TEST(LrSchedule, EndsAtItsFloor) {
  for (const LrSchedule& schedule : kSchedules) {
    EXPECT_EQ(schedule.at(schedule.total_steps), schedule.min_learning_rate);
    EXPECT_GE(schedule.at(schedule.total_steps - 1), schedule.min_learning_rate);
  }
}

TEST(LrSchedule, RisesLinearlyToItsPeak) {
  const LrSchedule& schedule = kSchedules[0];
  EXPECT_DOUBLE_EQ(schedule.at(1), 1e-4);
  EXPECT_DOUBLE_EQ(schedule.at(5), 5e-4);
  EXPECT_DOUBLE_EQ(schedule.at(10), 1e-3);
  EXPECT_DOUBLE_EQ(schedule.at(55), (1e-3 + 1e-4) / 2);
}

TEST(LrSchedule, WarmupLongerThanTheRunStaysLinear) {
  const LrSchedule schedule{.learning_rate = 1, .min_learning_rate = 0.1, .warmup_steps = 10, .total_steps = 5};
  for (std::int64_t step = 1; step <= 10; ++step) EXPECT_DOUBLE_EQ(schedule.at(step), 0.1 * static_cast<double>(step));
}

}  // namespace
}  // namespace matinee
