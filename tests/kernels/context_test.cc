#include "kernels/context.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/ops.h"
#include "lib/base/error.h"

namespace matinee {
namespace {

std::string message_of(const auto& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Device, CpuAndAutoAlwaysResolve) {
  EXPECT_EQ(resolve_device("cpu").kind, DeviceKind::kCpu);
  const bool has_cuda = message_of([] { resolve_device("cuda"); }).empty();
  EXPECT_EQ(resolve_device("auto").kind, has_cuda ? DeviceKind::kCuda : DeviceKind::kCpu);
}

TEST(Device, MissingCudaDeviceIsRefusedByName) {
  for (const char* wish : {"cuda:99", "cuda:1000"}) {
    try {
      resolve_device(wish);
      FAIL() << wish;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDevice);
      EXPECT_NE(std::string(error.what()).find(wish), std::string::npos) << error.what();
    }
  }
}

TEST(Device, OtherNamesAreWrongUsage) {
  for (const char* wish : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CPU"}) {
    try {
      resolve_device(wish);
      FAIL() << wish;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage) << wish;
    }
  }
}

TEST(Context, NamesTheOperationThatABackendLacks) {
  ThreadPool pool(1);
  Ops ops = ops_of(DeviceKind::kCpu);
  EXPECT_EQ(first_missing(ops), nullptr);
  ops.cosine_topk = nullptr;
  EXPECT_STREQ(first_missing(ops), "cosine_topk");
  EXPECT_NE(message_of([&] { Context(pool, {}, isa_level(), ops, host_allocator()); }).find("cosine_topk"),
            std::string::npos);
}

TEST(Scratch, ScopeReleasesMemoryAndPointersStayValid) {
  Scratch scratch;
  std::size_t held = 0;
  for (int pass = 0; pass < 3; ++pass) {
    const ScratchScope outer(scratch);
    auto* first = scratch.take_array<float>(100);
    first[99] = 7;
    for (int i = 0; i < 5; ++i) {
      const ScratchScope inner(scratch);
      auto* big = scratch.take_array<float>(1 << 20);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(big) % 64, 0u);
      big[0] = big[(1 << 20) - 1] = 1;
    }
    EXPECT_EQ(first[99], 7);
    if (pass == 1) held = scratch.capacity();
    EXPECT_TRUE(pass == 0 || scratch.capacity() == held);  // nothing new in later passes
  }
}

TEST(Scratch, MergesIntoOneChunkOfThePeakSize) {
  constexpr std::size_t n = 1 << 20;
  Scratch scratch;
  const auto use = [&](std::size_t first, std::size_t second) {
    const ScratchScope scope(scratch);
    scratch.take(first * n);
    scratch.take(second * n);
  };
  use(2, 3);
  EXPECT_EQ(scratch.capacity(), 5 * n);
  use(4, 4);  // the first fits, the second needs another chunk
  EXPECT_EQ(scratch.capacity(), 9 * n);
  use(1, 1);
  EXPECT_EQ(scratch.capacity(), 8 * n);
  use(8, 1);
  use(1, 1);
  EXPECT_EQ(scratch.capacity(), 9 * n);
  EXPECT_EQ(scratch.peak(), 9 * n);
  EXPECT_EQ(scratch.allocations(), 7u);  // 2, 3, 5, 4, 8, 1 and 9
}

TEST(Operations, BrokenContractsThrow) {
  ThreadPool pool(1);
  Context context(pool);
  std::vector<float> x(16), y(16);
  std::vector<std::int32_t> ids = {0, 4};
  EXPECT_THROW(matmul_forward(context, {.n_rows = -1, .in = 2, .out = 2}), Error);
  EXPECT_THROW(matmul_forward(context, {.n_rows = 1, .in = 2, .out = 2, .x = x.data(), .y = y.data()}), Error);
  EXPECT_THROW(
      matmul_forward(
          context,
          {.n_rows = 1, .in = 2, .out = 2, .x = x.data(), .weight = {x.data(), WeightFormat::kInt8}, .y = y.data()}),
      Error);
  EXPECT_THROW(embedding_forward(context, {.n_tokens = 2,
                                           .vocab = 4,
                                           .width = 4,
                                           .ids = ids.data(),
                                           .table = {x.data(), WeightFormat::kF32},
                                           .y = y.data()}),
               Error);
  CrossEntropySums sums;
  EXPECT_THROW(
      cross_entropy(context, {.n_rows = 2, .vocab = 4, .logits = x.data(), .targets = ids.data(), .sums = &sums}),
      Error);
  // Token 1 claims that its sample begins at 4.
  EXPECT_THROW(attention_forward(context, {.n_tokens = 2,
                                           .n_heads = 1,
                                           .n_kv_heads = 1,
                                           .head_dim = 2,
                                           .segment_start = ids.data(),
                                           .q = x.data(),
                                           .k = x.data(),
                                           .v = x.data(),
                                           .out = y.data(),
                                           .logsumexp = y.data()}),
               Error);
  const LoraPart part{.out = 2, .rank = 1, .lora_A = x.data(), .lora_B = x.data(), .xa = y.data(), .y = y.data()};
  LoraPart drops_all = part, no_rank = part;
  drops_all.dropout.drop_probability = 1;
  no_rank.rank = 0;
  for (const std::vector<LoraPart>& parts :
       {std::vector{drops_all}, {no_rank}, {}, std::vector(kMaxLoraParts + 1, part)}) {
    EXPECT_THROW(lora_matmul_forward(context, {.n_rows = 1, .in = 2, .x = x.data(), .parts = parts}), Error);
  }
  EXPECT_THROW(adamw_update(context, {.step = 0}), Error);
}

TEST(LoraDropout, DropsTheShareAskedForAndDependsOnTheWholeRow) {
  const LoraDropout dropout{.drop_probability = 0.2f, .key = 11, .first_row = 0};
  const std::int64_t rows = 300, in = 100;
  int dropped = 0, differing = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < in; ++i) {
      const float factor = lora_dropout_factor(dropout, in, row, i);
      EXPECT_TRUE(factor == 0 || factor == 1.0f / (1.0f - 0.2f));
      dropped += factor == 0;
      LoraDropout shifted = dropout;
      shifted.first_row = 100;
      if (row >= 100) {
        EXPECT_EQ(factor, lora_dropout_factor(shifted, in, row - 100, i));
      }
      LoraDropout other = dropout;
      other.key = 12;
      differing += factor != lora_dropout_factor(other, in, row, i);
    }
  }
  // 30000 draws: the standard deviation is 69 for the 6000 dropped, and 81 for the 9600 that differ.
  EXPECT_NEAR(dropped, 6000, 350);
  EXPECT_NEAR(differing, 9600, 400);
}

}  // namespace
}  // namespace matinee
