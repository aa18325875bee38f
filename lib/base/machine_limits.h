#pragma once

#include <string>

namespace matinee {

/// A speed that no program on this machine passes, to compare a tool's speed with.
struct SpeedLimit {
  std::string name;             ///< "a memory copy with 2 threads"
  double bytes_per_second = 0;  ///< 0: unknown
};

/// Measures how fast `threads` threads copy memory that is in no cache, in some 50 ms and 128 MiB.
SpeedLimit memory_copy_limit(int threads);

}  // namespace matinee
