#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>

namespace matinee {

struct FreePinned {
  void operator()(std::byte* memory) const noexcept { cudaFreeHost(memory); }
};
/// Owns page-locked host memory, which the device can read and which asynchronous copies need.
using PinnedBytes = std::unique_ptr<std::byte[], FreePinned>;

/// Of the current device; contents undefined. Throws Error(kResource) if there is no memory.
PinnedBytes allocate_pinned(std::size_t bytes);

}  // namespace matinee
