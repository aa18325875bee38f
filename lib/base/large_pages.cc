#include "lib/base/large_pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace matinee {

void prefer_large_pages(void* data, std::size_t bytes) {
  constexpr std::uintptr_t kPage = std::uintptr_t{2} << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t first = (begin + kPage - 1) / kPage * kPage, end = (begin + bytes) / kPage * kPage;
  if (end > first) static_cast<void>(madvise(static_cast<char*>(data) + (first - begin), end - first, MADV_HUGEPAGE));
}

}  // namespace matinee
