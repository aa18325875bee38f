// Compares every operation with its float64 reference, at every instruction set of this processor and on a CUDA device
// if there is one.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/case.h"
#include "kernels/context.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "tests/kernels/guarded_tensor.h"
#include "tests/kernels/test_devices.h"
#include "tests/support/guarded_device.h"

namespace matinee {
namespace {

// MATINEE_TEST_SEED changes the seed; a failure prints it.
std::uint64_t seed() {
  const char* text = std::getenv("MATINEE_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

using Doubles = std::vector<std::vector<double>>;
using Floats = std::vector<std::vector<float>>;

std::vector<double*> pointers(Doubles& tensors) {
  std::vector<double*> result;
  for (std::vector<double>& tensor : tensors) result.push_back(tensor.data());
  return result;
}

// The initial values of a case, as float32.
Floats starting_values(const KernelCase& c) {
  Random random(seed(), c.name);
  Doubles values;
  for (const CaseTensor& tensor : c.tensors) {
    std::vector<double>& to = values.emplace_back();
    for (std::int64_t i = 0; i < tensor.size; ++i) {
      auto value = static_cast<float>(tensor.low + (tensor.high - tensor.low) * static_cast<float>(random.uniform()));
      if (tensor.representable) value = to_float(to_bf16(value));
      to.push_back(static_cast<double>(value));
    }
  }
  if (c.prepare) c.prepare(pointers(values).data());
  Floats result;
  for (const std::vector<double>& tensor : values) {
    std::vector<float>& to = result.emplace_back();
    for (const double value : tensor) to.push_back(static_cast<float>(value));
  }
  return result;
}

std::vector<float> starting_tensor(const CaseTensor& tensor, const std::vector<float>& values) {
  if (tensor.role != Role::kOutput) return values;
  return std::vector<float>(values.size(), std::numeric_limits<float>::quiet_NaN());
}

// Runs the case and returns its tensors. Fails the test if a guard or an input has changed.
Floats run_case(const KernelCase& c, Context& context, const Floats& start, std::size_t misalign) {
  std::vector<GuardedTensor> tensors;
  std::vector<float*> data;
  for (std::size_t i = 0; i < start.size(); ++i)
    tensors.emplace_back(context.allocator(), starting_tensor(c.tensors[i], start[i]), misalign);
  for (GuardedTensor& tensor : tensors) data.push_back(tensor.data());
  c.run(context, data.data());
  Floats result;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    EXPECT_TRUE(tensors[i].guards_unchanged()) << "written outside of " << c.tensors[i].name;
    result.push_back(tensors[i].values());
    if (c.tensors[i].role == Role::kInput && !start[i].empty()) {
      EXPECT_EQ(std::memcmp(result[i].data(), start[i].data(), start[i].size() * sizeof(float)), 0)
          << "input changed: " << c.tensors[i].name;
    }
  }
  return result;
}

// Checks for NaN first, as every comparison with NaN is false.
void expect_close(const CaseTensor& tensor, const std::vector<float>& found, const std::vector<double>& wanted) {
  double square_error = 0, square = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_TRUE(std::isfinite(wanted[i])) << tensor.name << "[" << i << "]: the reference is " << wanted[i];
    ASSERT_TRUE(std::isfinite(found[i])) << tensor.name << "[" << i << "]: found " << found[i] << ", wanted "
                                         << wanted[i];
    const double difference = std::fabs(static_cast<double>(found[i]) - wanted[i]);
    // Below 1e-37 float32 has only denormals.
    const double bound = tensor.absolute + tensor.relative * std::fabs(wanted[i]) + 1e-37;
    ASSERT_TRUE(difference <= bound) << tensor.name << "[" << i << "]: found " << found[i] << ", wanted " << wanted[i]
                                     << ", bound " << bound << " (" << tensor.reason << ")";
    square_error += difference * difference;
    square += wanted[i] * wanted[i];
  }
  // Errors have random signs, so their root mean square stays below the bound of one element (uniform ones: 0.58 of
  // it).
  const auto n = static_cast<double>(found.size());
  const double bound = tensor.absolute + tensor.relative * std::sqrt(square / std::max(n, 1.0)) + 1e-37;
  EXPECT_TRUE(found.size() < 32 || square_error <= 0.4 * n * bound * bound)
      << tensor.name << ": root mean square error " << std::sqrt(square_error / n) << ", bound of an element " << bound;
}

void expect_same_bytes(const KernelCase& c, const Floats& a, const Floats& b, const char* what) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].empty()) continue;
    EXPECT_EQ(std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(float)), 0)
        << c.tensors[i].name << ": " << what;
  }
}

std::vector<IsaLevel> levels_present() {
  std::vector<IsaLevel> levels;
  for (const IsaLevel level : {IsaLevel::kAvx2, IsaLevel::kAvx512, IsaLevel::kAvx512Bf16}) {
    if (level <= isa_level()) levels.push_back(level);
  }
  return levels;
}

void expect_outputs_close(const KernelCase& c, const Floats& found, const Doubles& wanted) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (c.tensors[i].role != Role::kInput) expect_close(c.tensors[i], found[i], wanted[i]);
  }
}

void check_on_cuda(const KernelCase& c, const Floats& start, const Doubles& wanted) {
  if (!cuda().context) return;
  SCOPED_TRACE(fmt::format("{}, {}, MATINEE_TEST_SEED={}", c.name, describe(cuda().context->device()), seed()));
  const Floats found = run_case(c, *cuda().context, start, 0);
  expect_outputs_close(c, found, wanted);
  expect_same_bytes(c, found, run_case(c, *cuda().context, start, 0), "differs when run again");
  expect_outputs_close(c, run_case(c, *cuda().context, start, 1), wanted);
}

// MATINEE_TEST_DEVICE=cuda skips the CPU if a CUDA device is tested.
bool only_cuda() {
  const char* device = std::getenv("MATINEE_TEST_DEVICE");
  return cuda().context && device != nullptr && std::string_view(device) == "cuda";
}

// Unmapping large memory takes longer than the operations.
bool is_small(const KernelCase& c) {
  std::int64_t elements = 0;
  for (const CaseTensor& tensor : c.tensors) elements += tensor.size;
  return elements <= 10000;
}

void check(const KernelCase& c) {
  const Floats start = starting_values(c);
  Doubles wanted;
  for (const std::vector<float>& tensor : start) wanted.emplace_back(tensor.begin(), tensor.end());
  c.reference(pointers(wanted).data());
  check_on_cuda(c, start, wanted);
  if (only_cuda()) return;
  for (const IsaLevel level : levels_present()) {
    SCOPED_TRACE(fmt::format("{}, {}, MATINEE_TEST_SEED={}", c.name, name_of(level), seed()));
    Context one(pool_of(1), {}, level), two(pool_of(2), {}, level), seven(pool_of(7), {}, level);
    const Floats found = run_case(c, one, start, 0);
    expect_outputs_close(c, found, wanted);
    expect_same_bytes(c, found, run_case(c, one, start, 0), "differs when run again");
    expect_same_bytes(c, found, run_case(c, two, start, 0), "differs with 2 threads");
    expect_same_bytes(c, found, run_case(c, seven, start, 0), "differs with 7 threads");
    expect_same_bytes(c, found, run_case(c, two, start, 1), "differs where the tensors are not aligned");
    if (level != isa_level() || !is_small(c)) continue;
    static GuardedContext guarded(pool_of(2));
    expect_same_bytes(c, found, run_case(c, guarded, start, 0), "differs on memory that the host may not touch");
  }
}

// `at_least`: without it, an empty list would pass.
void check_all(const std::vector<KernelCase>& cases, int at_least) {
  int checked = 0;
  for (const KernelCase& c : cases) {
    if (!c.reference) continue;
    check(c);
    ++checked;
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GE(checked, at_least);
}

// The other tests skip a device that is missing or lacks an operation; this one reports it.
TEST(Conformance, CudaDeviceHasEveryOperation) {
  if (!cuda().context) GTEST_SKIP() << cuda().why_not;
  const char* missing = first_missing(ops_of(DeviceKind::kCuda));
  EXPECT_EQ(missing, nullptr) << missing;
}

#define MATINEE_TEST(name, at_least) \
  TEST(Conformance, name) { check_all(name##_cases(), at_least); }
MATINEE_CASES(MATINEE_TEST)

}  // namespace
}  // namespace matinee
