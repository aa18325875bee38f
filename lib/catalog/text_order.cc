#include "lib/catalog/text_order.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "lib/base/parallel_sort.h"

namespace matinee {
namespace {

std::size_t at(std::int32_t row) { return static_cast<std::size_t>(row); }

// The 8 bytes from `begin` on as a number that compares as they do; zeros behind the end.
std::uint64_t eight_bytes(std::string_view text, std::size_t begin) {
  std::uint64_t value = 0;
  if (begin < text.size()) std::memcpy(&value, text.data() + begin, std::min<std::size_t>(8, text.size() - begin));
  return __builtin_bswap64(value);
}

// The first 16 bytes decide most comparisons, so the texts are rarely read.
struct Key {
  std::uint64_t first, second;
  std::int32_t number, row;
};

}  // namespace

std::vector<std::int32_t> order_of_texts(const StringColumn& texts, std::span<const std::int32_t> numbers,
                                         ThreadPool& pool) {
  std::vector<Key> keys(texts.size());
  pool.for_blocks(keys.size(), 1 << 14, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t row = begin; row < end; ++row) {
      keys[row] = {eight_bytes(texts[row], 0), eight_bytes(texts[row], 8), numbers.empty() ? 0 : numbers[row],
                   static_cast<std::int32_t>(row)};
    }
  });
  parallel_sort(pool, keys, [&](const Key& a, const Key& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second != b.second) return a.second < b.second;
    const int texts_order = texts[at(a.row)].compare(texts[at(b.row)]);
    return texts_order != 0 ? texts_order < 0 : std::tie(a.number, a.row) < std::tie(b.number, b.row);
  });
  std::vector<std::int32_t> order(keys.size());
  std::transform(keys.begin(), keys.end(), order.begin(), [](const Key& key) { return key.row; });
  return order;
}

std::span<const std::int32_t> TextOrder::rows(std::string_view text) const {
  const auto begin =
      std::partition_point(order_.begin(), order_.end(), [&](std::int32_t row) { return texts_[at(row)] < text; });
  const auto end = std::partition_point(begin, order_.end(), [&](std::int32_t row) { return texts_[at(row)] <= text; });
  return {begin, end};
}

std::span<const std::int32_t> TextOrder::rows(std::string_view text, std::int32_t number) const {
  const auto same = rows(text);
  const auto begin =
      std::partition_point(same.begin(), same.end(), [&](std::int32_t row) { return numbers_[at(row)] < number; });
  const auto end =
      std::partition_point(begin, same.end(), [&](std::int32_t row) { return numbers_[at(row)] <= number; });
  return {begin, end};
}

}  // namespace matinee
