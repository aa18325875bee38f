// Tests of the emulation itself: the mistakes that it detects, and the tables of the tensor cores.

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "kernels/all_reduce.h"
#include "kernels/context.h"
#include "kernels/cuda/side_stream.h"
#include "kernels/cuda/tensor_core.h"
#include "kernels/cuda/warp.h"
#include "kernels/device_buffer.h"
#include "kernels/ops.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "tests/emulation/cuda_emulation.h"

namespace matinee {
namespace {

class Emulation : public testing::Test {
 protected:
  void SetUp() override { emulation::set_order(emulation::Order::kRising); }
  void TearDown() override { emulation::set_order(order_before_); }

  emulation::Order order_before_ = emulation::current_order();
  ThreadPool pool_{1};
  std::shared_ptr<DeviceAllocator> allocator_ = open_allocator({DeviceKind::kCuda, 0});
  const CudaQueue& queue() const { return static_cast<const CudaQueue&>(*allocator_); }
};

__global__ void reverse_kernel(const int* x, int* y, bool barrier) {
  int* shared = dynamic_shared<int>();
  shared[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
  if (barrier) __syncthreads();
  y[blockIdx.x * blockDim.x + threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

TEST_F(Emulation, BarriersHoldAndMissingOnesShow) {
  std::vector<int> x(3 * 128);
  std::iota(x.begin(), x.end(), 0);
  const DeviceBuffer<int> from(allocator_, std::span<const int>(x));
  for (const auto order : {emulation::Order::kRising, emulation::Order::kFalling, emulation::Order::kShuffled}) {
    emulation::set_order(order);
    for (const bool barrier : {true, false}) {
      DeviceBuffer<int> to(allocator_, x.size());
      launch(queue(), reverse_kernel, dim3(3), dim3(128), 128 * sizeof(int), from.data(), to.data(), barrier);
      const std::vector<int> y = to.values();
      bool right = true;
      for (int i = 0; i < 3 * 128; ++i)
        right = right && y[static_cast<std::size_t>(i)] == i / 128 * 128 + 127 - i % 128;
      EXPECT_EQ(right, barrier);
    }
  }
}

__global__ void divergent_kernel(int* y) {
  if (threadIdx.x < 40) __syncthreads();
  y[threadIdx.x] = 1;
}
__global__ void divergent_warp_kernel(int* y) {
  if (threadIdx.x < 7) y[threadIdx.x] = __shfl_xor_sync(kWholeWarp, 1, 1);
}

TEST_F(Emulation, DivergentBarriersAreRefused) {
  DeviceBuffer<int> to(allocator_, 64);
  EXPECT_THROW(launch(queue(), divergent_kernel, dim3(1), dim3(64), 0, to.data()), std::runtime_error);
  EXPECT_THROW(launch(queue(), divergent_warp_kernel, dim3(1), dim3(64), 0, to.data()), std::runtime_error);
}

__global__ void copy_kernel(const float* x, float* y, bool wait) {
  float* shared = dynamic_shared<float>();
  copy_async(shared + 4 * threadIdx.x, x + 4 * threadIdx.x);
  end_copy_group();
  if (wait) wait_for_copies<0>();
  __syncthreads();
  for (int i = 0; i < 4; ++i) y[4 * threadIdx.x + i] = shared[127 - (4 * threadIdx.x + i)];
  if (!wait) wait_for_copies<0>();
}

TEST_F(Emulation, CopiesAreIncompleteUntilWaitedFor) {
  std::vector<float> x(128);
  std::iota(x.begin(), x.end(), 0.0f);
  const DeviceBuffer<float> from(allocator_, std::span<const float>(x));
  DeviceBuffer<float> to(allocator_, 128);
  launch(queue(), copy_kernel, dim3(1), dim3(32), 512, from.data(), to.data(), true);
  std::vector<float> wanted(x.rbegin(), x.rend());
  EXPECT_EQ(to.values(), wanted);
  launch(queue(), copy_kernel, dim3(1), dim3(32), 512, from.data(), to.data(), false);
  EXPECT_TRUE(std::isnan(to.values()[0]));
}

__global__ void sums_kernel(const float* x, float* y) {
  __shared__ float room[4];
  const float sum = block_sum<128>(x[threadIdx.x], room);
  const float most = block_max<128>(x[threadIdx.x], room);
  if (threadIdx.x == 77) y[0] = sum;
  if (threadIdx.x == 5) y[1] = most;
  y[2 + threadIdx.x] = __shfl_down_sync(kWholeWarp, x[threadIdx.x], 3);
}

TEST_F(Emulation, WarpsExchange) {
  std::vector<float> x(128);
  std::iota(x.begin(), x.end(), 1.0f);
  const DeviceBuffer<float> from(allocator_, std::span<const float>(x));
  DeviceBuffer<float> to(allocator_, 130);
  launch(queue(), sums_kernel, dim3(1), dim3(128), 0, from.data(), to.data());
  const std::vector<float> y = to.values();
  EXPECT_EQ(y[0], 128 * 129 / 2);
  EXPECT_EQ(y[1], 128);
  EXPECT_EQ(y[2], 4);
  EXPECT_EQ(y[2 + 30], 31);  // beyond the warp a lane keeps its own
}

// One warp: c [16, 8] = a [16, 16]·b [8, 16]ᵀ, a through load_matrices, b through both kinds of load.
__global__ void product_kernel(const std::uint16_t* a, const std::uint16_t* b, const std::uint16_t* b_by_rows,
                               float* c) {
  auto* shared = dynamic_shared<std::uint16_t>();
  const int lane = static_cast<int>(threadIdx.x), g = lane / 4, t = lane % 4;
  for (int i = lane; i < 256; i += 32) shared[i] = a[i];
  for (int i = lane; i < 128; i += 32) shared[256 + i] = b[i];
  for (int i = lane; i < 128; i += 32) shared[384 + i] = b_by_rows[i];
  __syncwarp();
  std::uint32_t fa[4], fb[4], fb_transposed[4];
  // Matrices in the order of a's registers: upper left, lower left, upper right, lower right.
  load_matrices(fa, shared + (lane % 16) * 16 + lane / 16 * 8);
  // b [8, 16]: left and right half; the other two matrices are ignored.
  load_matrices(fb, shared + 256 + lane % 8 * 16 + lane / 8 % 2 * 8);
  // bᵀ [16, 8]: upper and lower half, transposed.
  load_matrices_transposed(fb_transposed, shared + 384 + lane % 16 * 8);
  float sum[4] = {};
  mma_bf16(sum, fa, fb);
  mma_bf16(sum, fa, fb_transposed);
  for (int i = 0; i < 4; ++i) c[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = sum[i];
}

TEST_F(Emulation, TensorCoreProductsAreProducts) {
  Random random(1, "emulation");
  std::vector<std::uint16_t> a(256), b(128), b_by_rows(128);
  for (auto* values : {&a, &b}) {
    for (std::uint16_t& value : *values) value = to_bf16(static_cast<float>(random.below(9)) - 4).bits;
  }
  for (std::size_t n = 0; n < 8; ++n) {
    for (std::size_t k = 0; k < 16; ++k) b_by_rows[k * 8 + n] = b[n * 16 + k];
  }
  const DeviceBuffer<std::uint16_t> da(allocator_, std::span<const std::uint16_t>(a)),
      db(allocator_, std::span<const std::uint16_t>(b)), dt(allocator_, std::span<const std::uint16_t>(b_by_rows));
  DeviceBuffer<float> dc(allocator_, 128);
  launch(queue(), product_kernel, dim3(1), dim3(32), 2048, da.data(), db.data(), dt.data(), dc.data());
  const std::vector<float> c = dc.values();
  for (std::size_t m = 0; m < 16; ++m) {
    for (std::size_t n = 0; n < 8; ++n) {
      float sum = 0;
      for (std::size_t k = 0; k < 16; ++k) sum += to_float(bf16{a[m * 16 + k]}) * to_float(bf16{b[n * 16 + k]});
      EXPECT_EQ(c[m * 8 + n], 2 * sum) << m << ", " << n;
    }
  }
}

TEST_F(Emulation, CapturedOperationsRunWhenLaunched) {
  ThreadPool pool(1);
  Context context(pool, {DeviceKind::kCuda, 0});
  const std::vector<float> ones(100, 1.0f);
  const DeviceBuffer<float> x(context.allocator(), std::span<const float>(ones));
  DeviceBuffer<float> y(context.allocator(), 100), copy(context.allocator(), 100);
  const auto graph = context.allocator()->capture([&] {
    add_scaled(context, {.n = 100, .x = x.data(), .y = y.data()});
    context.allocator()->copy(copy.data(), y.data(), 400);
  });
  ASSERT_NE(graph, nullptr);
  EXPECT_EQ(y.values(), std::vector<float>(100, 0.0f));
  for (int i = 0; i < 3; ++i) graph->run();
  EXPECT_EQ(y.values(), std::vector<float>(100, 3.0f));
  EXPECT_EQ(copy.values(), std::vector<float>(100, 3.0f));
  EXPECT_THROW(context.allocator()->capture([&] { DeviceBuffer<float>(context.allocator(), 1); }), Error);
}

TEST_F(Emulation, CopiesOfAnOffloadArriveWhenTheyAreWaitedFor) {
  const std::vector<float> ones(100, 1.0f), twos(100, 2.0f);
  DeviceBuffer<float> x(allocator_, std::span<const float>(ones)), y(allocator_, 100);
  const auto offload = allocator_->offload(2, 400);
  offload->put(1, x.data(), 400);
  offload->wait(1);
  x.upload(twos);
  offload->put(0, x.data(), 400);
  offload->fetch(1, y.data(), 400);
  EXPECT_TRUE(std::isnan(y.values()[0]));
  offload->wait(1);
  EXPECT_EQ(y.values(), ones);
  offload->fetch(0, y.data(), 400);
  offload->wait(0);
  EXPECT_EQ(y.values(), twos);
  offload->put(0, x.data(), 400);
  x.zero();
  EXPECT_THROW(offload->wait(0), std::runtime_error);
  offload->fetch(1, y.data(), 400);
  y.zero();
  EXPECT_THROW(offload->wait(1), std::runtime_error);
}

__global__ void read_kernel(const float* x, float* y) { y[threadIdx.x] = x[threadIdx.x]; }

TEST_F(Emulation, OperationsReadTheHostSide) {
  const std::vector<float> ones(32, 1.0f);
  const DeviceBuffer<float> x(allocator_->host_side(), std::span<const float>(ones));
  EXPECT_EQ(x.data()[31], 1);  // so does the host
  DeviceBuffer<float> y(allocator_, 32);
  launch(queue(), read_kernel, dim3(1), dim3(32), 0, x.data(), y.data());
  EXPECT_EQ(y.values(), ones);
}

TEST_F(Emulation, ASideStreamDefersItsWork) {
  SideStream side(queue(), SideStream::Priority::kDefault);
  const cudaStream_t stream = side.get();
  CudaEvent done;
  DeviceBuffer<float> buffer(allocator_, 16);
  EXPECT_DEATH(emulation::issue_later(stream, [] { return true; }), "does not wait for what was issued before");
  side.follow_queue();
  int done_so_far = 0;
  emulation::issue_later(stream, [&] { return ++done_so_far > 0; });
  done.record(stream);
  emulation::issue_later(stream, [&] { return ++done_so_far > 0; });
  EXPECT_EQ(done_so_far, 0);
  EXPECT_EQ(cudaEventQuery(done.get()), cudaSuccess);
  EXPECT_EQ(done_so_far, 1);
  buffer.zero();
  EXPECT_DEATH(emulation::issue_later(stream, [] { return true; }), "does not wait for what was issued before");
}

// One of two ranks leaves. The other, which waits for its sum, reports that and does not wait forever.
TEST_F(Emulation, AMissingRankIsReported) {
  setenv("MATINEE_EMULATION_DEVICES", "2", 1);
  const AllReduceId id = make_all_reduce_id();
  std::thread other([&] {
    const auto allocator = open_allocator({DeviceKind::kCuda, 1});
    open_all_reduce(*allocator, id, 1, 2);
  });
  const auto sum = open_all_reduce(*allocator_, id, 0, 2);
  DeviceBuffer<float> values(allocator_, 100);
  sum->start(values.data(), 100);
  const auto error_of = [](const auto& body) {
    try {
      body();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(error_of([&] { sum->finish(); }),
            "NCCL: summing gradients failed: remote process exited or there was a network error; NCCL_DEBUG=WARN in "
            "the environment says more");
  EXPECT_NE(error_of([&] { sum->start(values.data(), 100); }).find("the connection broke before"), std::string::npos);
  other.join();
  unsetenv("MATINEE_EMULATION_DEVICES");
}

TEST_F(Emulation, TheHostCannotReachDeviceMemory) {
  const DeviceBuffer<float> buffer(allocator_, 16);
  EXPECT_DEATH(std::printf("%f", static_cast<double>(buffer.data()[0])), "");
  EXPECT_EQ(buffer.values(), std::vector<float>(16));
}

}  // namespace
}  // namespace matinee
