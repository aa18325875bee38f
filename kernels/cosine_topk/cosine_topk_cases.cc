#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels/case.h"
#include "kernels/reference.h"

namespace matinee {
namespace {

// 64 random bits for each number: the finalizer of SplitMix64 (Steele, Lea & Flood 2014, "Fast Splittable Pseudorandom
// Number Generators"). It is fast enough for billions of elements.
std::uint64_t bits_of(std::uint64_t number) {
  number = (number + 1) * 0x9e3779b97f4a7c15u;
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9u;
  number = (number ^ number >> 27) * 0x94d049bb133111ebu;
  return number ^ number >> 31;
}

// Rows in their storage, uniform and of about unit length, in the memory of the context that used them last. They are
// too many for a tensor of the case, which is float32 and on the host.
class StoredRows {
 public:
  StoredRows(std::int64_t n_rows, std::int64_t dim, DType storage) : n_rows_(n_rows), dim_(dim), storage_(storage) {}

  const void* in(const Context& context) {
    if (allocator_ == context.allocator()) return rows_.data();
    allocator_ = context.allocator();
    const std::size_t bytes = size_of(storage_), size = static_cast<std::size_t>(n_rows_ * dim_);
    rows_ = DeviceBuffer<std::byte>(allocator_, size * bytes);
    if (storage_ == DType::kI8) {
      const std::vector<float> scales(static_cast<std::size_t>(n_rows_), length() / 127);
      scales_ = DeviceBuffer<float>(allocator_, std::span<const float>(scales));
    }
    std::vector<std::byte> part(std::min(size, kPart) * bytes);
    for (std::size_t first = 0; first < size; first += kPart) {
      const std::size_t n = std::min(kPart, size - first);
      for (std::size_t i = 0; i < n; ++i) store(first + i, part.data() + i * bytes);
      rows_.upload(std::span<const std::byte>(part.data(), n * bytes), first * bytes);
    }
    return rows_.data();
  }
  const float* scales() const { return scales_.data(); }

 private:
  static constexpr std::size_t kPart = std::size_t{1} << 24;

  // Uniform numbers up to this bound make vectors of about unit length.
  float length() const { return std::sqrt(3.0f / static_cast<float>(dim_)); }

  void store(std::size_t index, std::byte* to) const {
    const std::uint64_t bits = bits_of(index);
    if (storage_ == DType::kI8) {
      *reinterpret_cast<std::int8_t*>(to) = static_cast<std::int8_t>(static_cast<int>(bits % 255) - 127);
      return;
    }
    const float value = (static_cast<float>(bits >> 40) * 0x1p-23f - 1) * length();
    if (storage_ == DType::kF32) {
      *reinterpret_cast<float*>(to) = value;
    } else {
      *reinterpret_cast<bf16*>(to) = to_bf16(value);
    }
  }

  std::int64_t n_rows_, dim_;
  DType storage_;
  std::shared_ptr<DeviceAllocator> allocator_;
  DeviceBuffer<std::byte> rows_;
  DeviceBuffer<float> scales_;
};

KernelCase search_case(std::int64_t n_queries, std::int64_t n_rows, std::int64_t dim, int n_sets, std::int64_t k,
                       DType storage) {
  std::vector<std::shared_ptr<StoredRows>> rows;
  for (int set = 0; set < n_sets; ++set) rows.push_back(std::make_shared<StoredRows>(n_rows, dim, storage));
  KernelCase c{.name = fmt::format("cosine_topk n_queries={} n_rows={} dims={}x{} k={} {}", n_queries, n_rows, n_sets,
                                   dim, k, name_of(storage)),
               .tensors = {},
               .run =
                   [=](Context& context, float* const* t) {
                     const ScratchScope scope(context.scratch());
                     CosineTopkArgs args{
                         .n_queries = n_queries,
                         .n_rows = n_rows,
                         .k = k,
                         .n_sets = n_sets,
                         .sets = {},
                         .storage = storage,
                         .ids = context.scratch().take_array<std::int32_t>(static_cast<std::size_t>(n_queries * k)),
                         .scores = t[2 * n_sets]};
                     for (int set = 0; set < n_sets; ++set) {
                       const void* data = rows[static_cast<std::size_t>(set)]->in(context);
                       args.sets[set] = {.dim = dim,
                                         .rows = data,
                                         .queries = t[2 * set],
                                         .weights = t[2 * set + 1],
                                         .row_scales = rows[static_cast<std::size_t>(set)]->scales()};
                     }
                     cosine_topk(context, args);
                   },
               .reference = {},
               .operations = 2.0 * static_cast<double>(n_queries) * static_cast<double>(n_rows * dim * n_sets),
               .bytes = static_cast<double>(size_of(storage)) * static_cast<double>(n_rows * dim * n_sets)};
  for (int set = 0; set < n_sets; ++set) {
    c.tensors.push_back({.name = "queries", .size = n_queries * dim});
    c.tensors.push_back({.name = "weights", .size = n_queries});
  }
  c.tensors.push_back({.name = "scores", .size = n_queries * k, .role = Role::kOutput});
  return c;
}

}  // namespace

// Timed here, and for catalogs of millions of rows in tests/kernels/bench_cuda.cc. tests/kernels/cosine_topk_test.cc
// tests it by its properties, as nearly equal scores may swap places.
std::vector<KernelCase> cosine_topk_cases() {
  std::vector<KernelCase> cases;
  for (const DType storage : {DType::kF32, DType::kBF16, DType::kI8}) {
    for (const std::int64_t n_queries : {1, 32}) cases.push_back(search_case(n_queries, 100000, 128, 3, 10, storage));
  }
  return cases;
}

}  // namespace matinee
