#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace matinee {

/// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11): a block of four 32-bit
/// numbers that depends only on the key and the counter.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A stream of random numbers identified by (seed, purpose, index). Streams that differ in any of these are
/// independent, and creating one does not require others: conversation 7 is the same in a run of 10 and in a shard.
/// `purpose` is a short constant word ("dropout", "target"), of which only the hash is used.
class Random {
 public:
  Random(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();
  /// Uniform in {0, ..., n - 1}, without bias. n > 0.
  std::uint64_t below(std::uint64_t n);
  /// Standard normal (Box-Muller).
  double normal();
  /// True with the given probability; always false for 0, always true for 1.
  bool chance(double probability) { return uniform() < probability; }
  /// A uniformly chosen element. `items` must not be empty.
  template <class Items>
  auto& pick(Items& items) {
    return items[static_cast<std::size_t>(below(items.size()))];
  }
  /// Shuffles in place (Fisher-Yates).
  template <class Items>
  void shuffle(Items& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  unsigned used_ = 4;
};

/// FNV-1a, 64 bits; for stream ids, fingerprints and the check of options on resume. The values are stored in files, so
/// the function must not change. `start` continues an earlier hash.
std::uint64_t hash64(std::string_view text, std::uint64_t start = 0xcbf29ce484222325ULL);

}  // namespace matinee
