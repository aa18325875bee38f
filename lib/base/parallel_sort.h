#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "lib/base/parallel.h"

namespace matinee {

/// Sorts `values` by `less`, which must be a total order (no two values are equal), with all threads of the pool.
/// Needs as much memory again as the values.
template <class T, class Less>
void parallel_sort(ThreadPool& pool, std::vector<T>& values, const Less& less) {
  const auto at = [](std::vector<T>& of, std::size_t index) { return of.begin() + static_cast<std::ptrdiff_t>(index); };
  const std::size_t count = values.size(), block = std::max<std::size_t>(1 << 14, count / 16 + 1);
  pool.for_blocks(count, block, [&](std::size_t begin, std::size_t end, int) {
    std::sort(at(values, begin), at(values, end), less);
  });
  if (count <= block) return;
  std::vector<T> merged(count);
  for (std::size_t width = block; width < count; width *= 2) {
    pool.for_blocks(count, 2 * width, [&](std::size_t begin, std::size_t end, int) {
      const std::size_t middle = std::min(begin + width, end);
      std::merge(at(values, begin), at(values, middle), at(values, middle), at(values, end), at(merged, begin), less);
    });
    values.swap(merged);
  }
}

}  // namespace matinee
