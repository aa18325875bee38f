// Two ranks as threads of one process, each with a CUDA device of its own.
#include "kernels/all_reduce.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "kernels/device_buffer.h"
#include "lib/base/error.h"

namespace matinee {
namespace {

constexpr int kRanks = 2;

class AllReduces : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("MATINEE_EMULATION_DEVICES", "2", 1);
    try {
      for (int rank = 0; rank < kRanks; ++rank) devices_.push_back(resolve_device("cuda", rank));
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
    if (devices_[0].index == devices_[1].index) GTEST_SKIP() << "there is one CUDA device only";
    if (const std::string reason = why_no_all_reduce(devices_[0]); !reason.empty()) GTEST_SKIP() << reason;
  }
  void TearDown() override { unsetenv("MATINEE_EMULATION_DEVICES"); }

  using Body = std::function<void(int rank, const std::shared_ptr<DeviceAllocator>& allocator, AllReduce& sum)>;
  // The error message of each rank, or "".
  static std::vector<std::string> together(const std::vector<Device>& devices, const Body& body) {
    const AllReduceId key = make_all_reduce_id();
    std::vector<std::string> errors(kRanks);
    std::vector<std::thread> threads;
    for (int rank = 0; rank < kRanks; ++rank) {
      threads.emplace_back([&, rank] {
        const auto r = static_cast<std::size_t>(rank);
        try {
          const std::shared_ptr<DeviceAllocator> allocator = open_allocator(devices[r]);
          const std::unique_ptr<AllReduce> sum = open_all_reduce(*allocator, key, rank, kRanks);
          body(rank, allocator, *sum);
        } catch (const std::exception& error) {
          errors[r] = error.what();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return errors;
  }

  std::vector<Device> devices_;
};

TEST_F(AllReduces, EveryRankGetsTheSums) {
  constexpr std::size_t n = 1000, half = 600;
  std::vector<std::vector<float>> found(kRanks);
  const auto errors = together(devices_, [&](int rank, const auto& allocator, AllReduce& sum) {
    DeviceBuffer<float> values(allocator, n);
    std::vector<float> mine(n);
    for (int round = 1; round <= 3; ++round) {
      for (std::size_t i = 0; i < n; ++i) mine[i] = static_cast<float>(i) * 0.1f * static_cast<float>(round + rank);
      values.upload(mine);
      sum.start(values.data() + half, n - half);
      sum.start(values.data(), half);
      sum.finish();
      const std::vector<float> sums = values.values();
      found[static_cast<std::size_t>(rank)].insert(found[static_cast<std::size_t>(rank)].end(), sums.begin(),
                                                   sums.end());
    }
    sum.finish();  // without a sum
  });
  EXPECT_EQ(errors, std::vector<std::string>(kRanks));
  ASSERT_EQ(found[0].size(), 3 * n);
  EXPECT_EQ(found[0], found[1]);
  for (std::size_t i = 0; i < 3 * n; ++i) {
    const std::size_t round = i / n + 1;
    EXPECT_FLOAT_EQ(found[0][i], static_cast<float>(i % n) * 0.1f * static_cast<float>(2 * round + 1));
  }
}

TEST_F(AllReduces, TwoRanksDoNotShareADevice) {
  EXPECT_NE(bus_id_of(devices_[0]), bus_id_of(devices_[1]));
  const auto errors = together({devices_[0], devices_[0]}, [](int, const auto&, AllReduce&) {});
  for (const std::string& error : errors)
    EXPECT_NE(error.find("NCCL: meeting the other ranks failed"), std::string::npos) << error;
}

}  // namespace
}  // namespace matinee
