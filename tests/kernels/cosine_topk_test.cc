// Scores that differ by less than their rounding may swap places, so lists of float32 and bfloat16 are checked by their
// properties instead of element by element. Lists of int8 must equal the reference's to the bit.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "kernels/context.h"
#include "kernels/device_buffer.h"
#include "kernels/reference.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "tests/kernels/test_devices.h"

namespace matinee {
namespace {

struct Problem {
  std::int64_t n_queries, n_rows, k;
  std::vector<std::int64_t> dims;
  enum class Filter { kNone, kShared, kFewRows, kPerQuery, kNobody } filter = Filter::kNone;
  enum class Rows { kRandom, kTies, kRising, kEveryTenth } rows = Rows::kRandom;
  DType storage = DType::kF32;

  std::string name() const {
    return fmt::format("n_queries={} n_rows={} k={} sets={} rows={} filter={} {}", n_queries, n_rows, k, dims.size(),
                       static_cast<int>(rows), static_cast<int>(filter), name_of(storage));
  }
};

constexpr DType kStorages[] = {DType::kF32, DType::kBF16, DType::kI8};

// The arrays of a problem: rows in their storage, the other numbers in float32.
struct Data {
  std::vector<std::vector<std::byte>> rows;
  std::vector<std::vector<float>> row_scales, queries, weights;
  std::vector<std::uint64_t> filter;
  std::int64_t filter_stride = 0;
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

void store_rows(const std::vector<float>& values, std::int64_t n_rows, std::int64_t dim, DType storage, Data& data) {
  std::vector<float>& scales = data.row_scales.emplace_back();
  if (storage == DType::kF32) {
    data.rows.push_back(bytes_of(values));
  } else if (storage == DType::kBF16) {
    std::vector<bf16> narrow;
    for (const float value : values) narrow.push_back(to_bf16(value));
    data.rows.push_back(bytes_of(narrow));
  } else {
    std::vector<std::int8_t> codes;
    for (std::int64_t row = 0; row < n_rows; ++row) {
      const auto start = static_cast<std::size_t>(row * dim);
      float most = 1e-30f;
      for (std::int64_t i = 0; i < dim; ++i)
        most = std::max(most, std::fabs(values[start + static_cast<std::size_t>(i)]));
      for (std::int64_t i = 0; i < dim; ++i) {
        const float code = std::nearbyint(values[start + static_cast<std::size_t>(i)] / most * 127);
        codes.push_back(static_cast<std::int8_t>(code));
      }
      scales.push_back(most / 127);
    }
    data.rows.push_back(bytes_of(codes));
  }
}

// Rows of unit length; a few different rows, repeated; each longer than the one before, so that for the first query
// every row is better than all before it; or every tenth row much longer than the others, so that an evenly spread
// sample misleads.
Data make_data(const Problem& p) {
  Random random(1, "topk-test", static_cast<std::uint64_t>(p.n_queries * 1000003 + p.n_rows * 101 + p.k));
  const auto uniform = [&] { return static_cast<float>(2 * random.uniform() - 1); };
  Data data;
  for (const std::int64_t dim : p.dims) {
    std::vector<float> rows;
    for (std::int64_t r = 0; r < p.n_rows; ++r) {
      const std::size_t start = rows.size();
      if (p.rows == Problem::Rows::kTies && r >= 5) {
        for (std::int64_t i = 0; i < dim; ++i) rows.push_back(rows[static_cast<std::size_t>(r % 5 * dim + i)]);
        continue;
      }
      if (p.rows == Problem::Rows::kRising) {
        for (std::int64_t i = 0; i < dim; ++i) {
          rows.push_back(static_cast<float>(r + 1) / static_cast<float>(p.n_rows * dim));
        }
        continue;
      }
      double square = 0;
      for (std::int64_t i = 0; i < dim; ++i) {
        rows.push_back(uniform());
        square += static_cast<double>(rows.back() * rows.back());
      }
      if (p.rows == Problem::Rows::kEveryTenth && r % 10 != 0) square *= 1e4;
      for (std::size_t i = start; i < rows.size(); ++i) rows[i] /= static_cast<float>(std::sqrt(square));
    }
    store_rows(rows, p.n_rows, dim, p.storage, data);
    std::vector<float>& queries = data.queries.emplace_back();
    for (std::int64_t i = 0; i < p.n_queries * dim; ++i) {
      queries.push_back(p.rows == Problem::Rows::kRising && i < dim ? 0.5f : uniform());
    }
    std::vector<float>& weights = data.weights.emplace_back();
    for (std::int64_t q = 0; q < p.n_queries; ++q) weights.push_back(q == 0 ? 0.75f : uniform());
  }
  const std::int64_t words = (p.n_rows + 63) / 64;
  if (p.filter != Problem::Filter::kNone) {
    const bool each = p.filter == Problem::Filter::kPerQuery;
    data.filter_stride = each ? words : 0;
    for (std::int64_t w = 0; w < words * (each ? p.n_queries : 1); ++w) {
      std::uint64_t bits = p.filter == Problem::Filter::kNobody ? 0 : random.next_u64() & random.next_u64();
      // Clears whole tiles of rows, and now and then one row.
      if (p.filter == Problem::Filter::kFewRows) bits = random.uniform() < 0.05 ? std::uint64_t{1} << w % 64 : 0;
      data.filter.push_back(bits);
    }
  }
  return data;
}

// Sizes and the filter; the caller sets the members that depend on T.
template <class T>
CosineTopkArgsOf<T> sizes_of(const Problem& p, const Data& data) {
  CosineTopkArgsOf<T> args{};
  args.n_queries = p.n_queries;
  args.n_rows = p.n_rows;
  args.k = p.k;
  args.n_sets = static_cast<int>(p.dims.size());
  args.storage = p.storage;
  args.filter_stride = data.filter_stride;
  for (std::size_t s = 0; s < p.dims.size(); ++s) args.sets[s].dim = p.dims[s];
  return args;
}

struct Found {
  std::vector<std::int32_t> ids;
  std::vector<float> scores;
};

void expect_same(const Found& a, const Found& b) {
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_EQ(a.scores, b.scores);
}

// `misalign` elements shift the rows from the alignment of an allocation.
Found search(const Problem& p, const Data& data, Context& context, std::size_t misalign = 0) {
  const std::shared_ptr<DeviceAllocator>& allocator = context.allocator();
  const auto size = static_cast<std::size_t>(p.n_queries * p.k);
  Found found{std::vector<std::int32_t>(size, -7), std::vector<float>(size, std::numeric_limits<float>::quiet_NaN())};
  DeviceBuffer<std::int32_t> ids(allocator, std::span<const std::int32_t>(found.ids));
  DeviceBuffer<float> scores(allocator, std::span<const float>(found.scores));
  std::vector<DeviceBuffer<std::byte>> rows;
  std::vector<DeviceBuffer<float>> numbers;
  const auto number_data = [&](const std::vector<float>& values) {
    return numbers.emplace_back(allocator, std::span<const float>(values)).data();
  };
  CosineTopkArgs args = sizes_of<float>(p, data);
  const DeviceBuffer<std::uint64_t> filter(allocator, std::span<const std::uint64_t>(data.filter));
  args.filter = filter.data();
  for (std::size_t s = 0; s < p.dims.size(); ++s) {
    std::vector<std::byte> moved(misalign * size_of(p.storage));
    moved.insert(moved.end(), data.rows[s].begin(), data.rows[s].end());
    rows.emplace_back(allocator, std::span<const std::byte>(moved));
    args.sets[s].rows = moved.empty() ? nullptr : rows.back().data() + misalign * size_of(p.storage);
    args.sets[s].row_scales = number_data(data.row_scales[s]);
    args.sets[s].queries = number_data(data.queries[s]);
    args.sets[s].weights = number_data(data.weights[s]);
  }
  args.ids = ids.data();
  args.scores = scores.data();
  cosine_topk(context, args);
  if (size > 0) {
    ids.download(found.ids);
    scores.download(found.scores);
  }
  return found;
}

struct Exact {
  std::vector<std::int32_t> ids;
  std::vector<double> scores;
};

Exact reference(const Problem& p, const Data& data) {
  const auto size = static_cast<std::size_t>(p.n_queries * p.k);
  Exact found{std::vector<std::int32_t>(size), std::vector<double>(size)};
  std::vector<std::vector<double>> wide;
  const auto widen = [&](const std::vector<float>& from) { return wide.emplace_back(from.begin(), from.end()).data(); };
  CosineTopkArgsOf<double> args = sizes_of<double>(p, data);
  args.filter = data.filter.empty() ? nullptr : data.filter.data();
  for (std::size_t s = 0; s < p.dims.size(); ++s) {
    args.sets[s].rows = data.rows[s].data();
    if (p.storage == DType::kF32) {
      std::vector<float> values(data.rows[s].size() / sizeof(float));
      if (!values.empty()) std::memcpy(values.data(), data.rows[s].data(), data.rows[s].size());
      args.sets[s].rows = widen(values);
    }
    args.sets[s].row_scales = data.row_scales[s].data();
    args.sets[s].queries = widen(data.queries[s]);
    args.sets[s].weights = widen(data.weights[s]);
  }
  args.ids = found.ids.data();
  args.scores = found.scores.data();
  cosine_topk_ref(args);
  return found;
}

// The float64 score of every row, from the reference with k = n_rows.
std::vector<std::vector<double>> exact_scores(const Problem& p, const Data& data) {
  Problem all = p;
  all.k = p.n_rows;
  const Exact found = reference(all, data);
  const double never = -std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> result(static_cast<std::size_t>(p.n_queries),
                                          std::vector<double>(static_cast<std::size_t>(p.n_rows), never));
  for (std::size_t i = 0; i < found.ids.size(); ++i) {
    const std::size_t query = i / static_cast<std::size_t>(p.n_rows);
    if (found.ids[i] >= 0) result[query][static_cast<std::size_t>(found.ids[i])] = found.scores[i];
  }
  return result;
}

void expect_properties(const Problem& p, const std::vector<std::vector<double>>& exact, const Found& found) {
  std::int64_t width = 0;
  for (const std::int64_t dim : p.dims) width += dim;
  // The error of a sum of `width` products of a unit row with a query of numbers below 1.
  const double bound = static_cast<double>(width + 4) * std::sqrt(static_cast<double>(width + 1)) / (1 << 24);
  for (std::int64_t q = 0; q < p.n_queries; ++q) {
    const std::vector<double>& of_query = exact[static_cast<std::size_t>(q)];
    std::vector<double> order;
    for (const double score : of_query) {
      if (std::isfinite(score)) order.push_back(score);
    }
    std::sort(order.rbegin(), order.rend());
    const auto there = std::min(p.k, static_cast<std::int64_t>(order.size()));
    std::set<std::int32_t> seen;
    for (std::int64_t i = 0; i < p.k; ++i) {
      const auto at = static_cast<std::size_t>(q * p.k + i);
      const std::int32_t id = found.ids[at];
      const float score = found.scores[at];
      if (i >= there) {
        ASSERT_EQ(id, -1);
        ASSERT_EQ(score, -std::numeric_limits<float>::infinity());
        continue;
      }
      ASSERT_TRUE(id >= 0 && id < p.n_rows) << "id " << id << " query " << q << " place " << i;
      ASSERT_TRUE(std::isfinite(score));
      ASSERT_TRUE(seen.insert(id).second) << "row " << id << " twice";
      const double own = of_query[static_cast<std::size_t>(id)];
      ASSERT_TRUE(std::isfinite(own)) << "row " << id << " is filtered out";
      ASSERT_NEAR(static_cast<double>(score), own, bound);
      ASSERT_TRUE(own >= order[static_cast<std::size_t>(there - 1)] - bound) << "no row of the best k";
      // Every row before a found one that is as good was also found.
      if (p.rows == Problem::Rows::kTies && id >= 5 && std::isfinite(of_query[static_cast<std::size_t>(id - 5)])) {
        ASSERT_TRUE(seen.contains(id - 5)) << "row " << id << " without " << id - 5;
      }
      if (i == 0) continue;
      const bool in_order = found.scores[at - 1] > score || (found.scores[at - 1] == score && found.ids[at - 1] < id);
      ASSERT_TRUE(in_order) << "place " << i;
    }
  }
}

// The contract defines int8 scores to the bit.
void expect_equal(const Exact& wanted, const Found& found) {
  ASSERT_EQ(wanted.ids, found.ids);
  for (std::size_t i = 0; i < wanted.scores.size(); ++i) {
    ASSERT_EQ(wanted.scores[i], static_cast<double>(found.scores[i])) << "place " << i;
  }
}

// Calls body(context, name) for the CPU at each available instruction set, and for the CUDA device.
template <class Body>
void on_every_device(const Body& body) {
  for (const IsaLevel level : {IsaLevel::kAvx2, IsaLevel::kAvx512}) {
    if (level > isa_level()) continue;
    SCOPED_TRACE(name_of(level));
    Context context(pool_of(1), {}, level);
    body(context);
    if (testing::Test::HasFatalFailure()) return;
  }
  if (!cuda().context) return;
  SCOPED_TRACE(describe(cuda().context->device()));
  body(*cuda().context);
}

const std::vector<Problem>& problems() {
  using enum Problem::Filter;
  using enum Problem::Rows;
  static const std::vector<Problem> all = {
      {0, 10, 3, {4}},
      {2, 0, 3, {4}},
      {3, 10, 0, {4}},
      {1, 1, 1, {1}},
      {2, 9, 4, {0, 3}},
      {9, 9, 4, {0}},
      {1, 7, 10, {7, 1}},
      {5, 33, 33, {31}},
      {8, 300, 12, {64, 32}},
      {7, 257, 10, {33, 16, 5}},
      {33, 1001, 25, {64, 64, 64, 3}},
      {70, 600, 7, {32, 80}},
      {130, 400, 100, {33, 64}},
      {300, 700, 20, {64, 96}},
      {6, 500, 40, {32, 17}, kShared},
      {6, 500, 400, {32, 17}, kPerQuery},
      {20, 500, 40, {32, 17}, kShared},
      {20, 500, 400, {16, 17}, kPerQuery},
      {2, 9000, 300, {16}, kFewRows},
      {12, 5000, 30, {16}, kFewRows},
      {3, 100, 5, {16}, kNobody},
      {4, 300, 20, {24, 8}, kNone, kTies},
      {40, 300, 20, {24, 8}, kNone, kTies},
      {2, 1500, 700, {8}, kNone, kTies},
      {2, 9000, 256, {16}, kNone, kRising},
      {9, 4000, 100, {16}, kNone, kRising},
      {3, 40000, 12, {8, 8}, kPerQuery},
      {2, 40000, 12, {5, 3}, kNone, kTies},
      {7, 9000, 10, {40, 30}},
      {9, 9000, 8, {24}, kShared},
      {6, 3840, 10, {33}, kNone, kEveryTenth},
  };
  return all;
}

TEST(CosineTopk, IsExactOnEveryDeviceAndAnyThreads) {
  int checked = 0;
  for (Problem p : problems()) {
    for (const DType storage : kStorages) {
      p.storage = storage;
      SCOPED_TRACE(p.name());
      const Data data = make_data(p);
      const std::vector<std::vector<double>> exact = exact_scores(p, data);
      const Exact wanted = reference(p, data);
      on_every_device([&](Context& context) {
        const Found found = search(p, data, context);
        expect_properties(p, exact, found);
        if (storage == DType::kI8) expect_equal(wanted, found);
        if (HasFatalFailure()) return;
        expect_same(found, search(p, data, context));
        expect_same(found, search(p, data, context, 1));
        if (context.device().kind == DeviceKind::kCuda) return;
        for (const int threads : {2, 7}) {
          Context other(pool_of(threads), {}, context.isa());
          expect_same(found, search(p, data, other));
        }
      });
      if (HasFatalFailure()) return;
      ++checked;
    }
  }
  EXPECT_GE(checked, 93);
}

// Reports a missing CUDA device, which the other tests skip.
TEST(CosineTopk, CudaDeviceIsThere) {
  if (!cuda().context) GTEST_SKIP() << cuda().why_not;
}

TEST(CosineTopk, ScoreDoesNotDependOnOtherQueries) {
  for (const DType storage : kStorages) {
    // CUDA sums up to 8 queries in a different order.
    for (const auto& [together_n, alone_n] : {std::pair<std::int64_t, std::int64_t>{6, 1}, {150, 10}}) {
      Problem p{together_n, 200, 200, {40, 7}};
      p.storage = storage;
      SCOPED_TRACE(p.name());
      const Data data = make_data(p);
      on_every_device([&](Context& context) {
        const Found together = search(p, data, context);
        for (std::int64_t first = 0; first + alone_n <= together_n; first += 3 * alone_n) {
          Problem part = p;
          part.n_queries = alone_n;
          Data own = data;
          for (std::size_t s = 0; s < p.dims.size(); ++s) {
            const auto* queries = data.queries[s].data() + first * p.dims[s];
            own.queries[s].assign(queries, queries + alone_n * p.dims[s]);
            own.weights[s].assign(data.weights[s].data() + first, data.weights[s].data() + first + alone_n);
          }
          const Found alone = search(part, own, context);
          for (std::int64_t i = 0; i < alone_n * p.k; ++i) {
            const auto at = static_cast<std::size_t>(first * p.k + i), place = static_cast<std::size_t>(i);
            ASSERT_EQ(alone.ids[place], together.ids[at]);
            ASSERT_EQ(alone.scores[place], together.scores[at]);
          }
        }
      });
    }
  }
}

TEST(CosineTopk, NanScoresAreLeftOutAndInfiniteOnesKept) {
  for (const std::int64_t n_queries : {1, 9}) {
    Problem p{n_queries, 70, 71, {3}};
    Data data = make_data(p);
    const float infinity = std::numeric_limits<float>::infinity();
    auto* rows = reinterpret_cast<float*>(data.rows[0].data());
    rows[3 * 20] = std::numeric_limits<float>::quiet_NaN();
    data.queries[0][0] = 1;
    rows[3 * 21] = -infinity;
    rows[3 * 22] = infinity;
    on_every_device([&](Context& context) {
      const Found found = search(p, data, context);
      const auto end = found.ids.begin() + p.k;
      EXPECT_EQ(std::count(found.ids.begin(), end, 20), 0);
      EXPECT_EQ(std::count(found.ids.begin(), end, -1), 2);
      EXPECT_EQ(found.ids[0], 22);
      EXPECT_EQ(found.scores[0], infinity);
      EXPECT_EQ(found.ids[68], 21);  // after the 68 finite ones
      EXPECT_EQ(found.scores[68], -infinity);
    });
  }
}

TEST(CosineTopk, QueryThatIsNotFiniteFindsNothingInInt8) {
  for (const std::int64_t n_queries : {2, 9}) {
    Problem p{n_queries, 70, 5, {3, 4}};
    p.storage = DType::kI8;
    Data data = make_data(p);
    data.queries[1][2] = std::numeric_limits<float>::infinity();
    data.queries[0][5] = std::numeric_limits<float>::quiet_NaN();
    const Exact wanted = reference(p, data);
    EXPECT_EQ(wanted.ids[0], -1);
    on_every_device([&](Context& context) { expect_equal(wanted, search(p, data, context)); });
  }
}

TEST(CosineTopk, BrokenContractsThrow) {
  ThreadPool pool(1);
  Context context(pool);
  std::vector<float> values(16, 1.0f);
  std::vector<std::int8_t> codes(16, 1);
  std::int32_t id = 0;
  float score = 0;
  CosineTopkArgs args{.n_queries = 1, .n_rows = 4, .k = 1, .n_sets = 1, .ids = &id, .scores = &score};
  args.sets[0] = {.dim = 4, .rows = codes.data(), .queries = values.data(), .weights = values.data()};
  args.storage = DType::kI8;
  EXPECT_THROW(cosine_topk(context, args), Error);  // no scales
  args.sets[0].row_scales = values.data();
  cosine_topk(context, args);
  args.sets[0].dim = kMostInt8Dim + 1;
  EXPECT_THROW(cosine_topk(context, args), Error);
  args.sets[0].dim = 4;
  args.storage = DType::kF16;
  EXPECT_THROW(cosine_topk(context, args), Error);
}

}  // namespace
}  // namespace matinee
