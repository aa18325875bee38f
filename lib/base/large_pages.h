#pragma once

#include <cstddef>

namespace matinee {

/// Requests 2 MiB pages (madvise) for memory that has not been written yet, which reduces TLB misses in long sequential
/// reads. Only a hint: without large pages the result is the same, only slower. Covers only whole large pages inside
/// the range, so the resident size does not grow.
void prefer_large_pages(void* data, std::size_t bytes);

}  // namespace matinee
