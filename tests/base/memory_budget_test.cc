#include "lib/base/memory_budget.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "tests/support/temporary_folder.h"

namespace matinee {
namespace {

using testing::error_of;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST(MemoryBudget, RefusesWhatDoesNotFit) {
  EXPECT_EQ(error_of([] { require_memory("training", 2 * kGiB, 3 * kGiB); }), "");
  EXPECT_EQ(error_of([] { require_memory("training", 2 * kGiB, 2 * kGiB); }), "");
  EXPECT_EQ(error_of([] { require_memory("training", 3 * kGiB, 2 * kGiB); }),
            "training needs 3.0 GiB; --max-host-mem is 2.0 GiB");
}

TEST(MemoryBudget, KnowsTheMachineAndTheProcess) {
  EXPECT_GT(physical_memory(), std::uint64_t{64} << 20);
  const std::uint64_t before = peak_resident_memory();
  const std::vector<char> touched(before + (16 << 20), 1);
  EXPECT_GE(peak_resident_memory(), before + (8 << 20)) << static_cast<int>(touched.back());
  EXPECT_EQ(out_of_memory_text().substr(0, 16), "out of memory at");
}

// In a process of its own, since the limit stays in force.
TEST(MemoryBudget, DataLimitCounts) {
  const pid_t child = fork();
  if (child == 0) {
    rlimit limit{kGiB, kGiB};
    setrlimit(RLIMIT_DATA, &limit);
    const bool right = data_limit() == kGiB && physical_memory() <= kGiB &&
                       error_of([] { require_memory("x", 2 * kGiB, 0); }) == "x needs 2.0 GiB; ulimit -d is 1.0 GiB" &&
                       out_of_memory_text().ends_with("; ulimit -d is 1.0 GiB");
    _exit(right ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace matinee
