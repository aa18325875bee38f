#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstdint>

#include "lib/tokenizer/merge_table.h"

namespace matinee {

/// Merges up to 32 symbols by scanning: finds the leftmost pair of lowest rank, merges it, updates the ranks of its
/// neighbors, and repeats. All arrays are one cache line each.
class MergeScan {
 public:
  static constexpr std::size_t kMostSymbols = 32;

  /// Merges `count` symbols in place. Returns how many are left; adds the number of pairs looked up to `examined`.
  static std::size_t run(const MergeTable& merges, std::int32_t* symbols, std::size_t count, std::uint64_t& examined) {
    alignas(32) std::array<std::uint32_t, kMostSymbols> ranks;
    std::array<std::int32_t, kMostSymbols> merged;
    std::array<std::uint8_t, kMostSymbols> next, previous;
    const std::size_t lanes = (count + 7) / 8 * 8;
    for (std::size_t i = 0; i < lanes; ++i) ranks[i] = MergeTable::kNoRank;
    const auto look = [&](std::size_t left, std::size_t right) {
      const MergeTable::Entry& entry = merges.find(symbols[left], symbols[right]);
      ranks[left] = entry.rank;
      merged[left] = entry.merged;
      ++examined;
    };
    for (std::size_t i = 0; i < count; ++i) {
      next[i] = static_cast<std::uint8_t>(i + 1);
      previous[i] = static_cast<std::uint8_t>(i - 1);  // 255 for the first: none
    }
    for (std::size_t i = 0; i + 1 < count; ++i) look(i, i + 1);
    for (;;) {
      const std::size_t left = leftmost_of_lowest(ranks.data(), lanes);
      if (ranks[left] == MergeTable::kNoRank) break;
      const std::size_t right = next[left];
      symbols[left] = merged[left];
      ranks[right] = MergeTable::kNoRank;
      symbols[right] = -1;  // gone
      const std::size_t after = next[right];
      next[left] = static_cast<std::uint8_t>(after);
      if (after < count) {
        previous[after] = static_cast<std::uint8_t>(left);
        look(left, after);
      } else {
        ranks[left] = MergeTable::kNoRank;
      }
      if (previous[left] < count) look(previous[left], left);
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; i = next[i]) symbols[kept++] = symbols[i];
    return kept;
  }

 private:
  static std::size_t leftmost_of_lowest(const std::uint32_t* ranks, std::size_t lanes) {
    const auto load = [&](std::size_t i) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(ranks + i)); };
    __m256i low = load(0);
    for (std::size_t i = 8; i < lanes; i += 8) low = _mm256_min_epu32(low, load(i));
    low = _mm256_min_epu32(low, _mm256_permute2x128_si256(low, low, 1));
    low = _mm256_min_epu32(low, _mm256_shuffle_epi32(low, 0x4E));
    low = _mm256_min_epu32(low, _mm256_shuffle_epi32(low, 0xB1));
    for (std::size_t i = 0;; i += 8) {
      const auto equal =
          static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(load(i), low))));
      if (equal != 0) return i + static_cast<std::size_t>(std::countr_zero(equal));
    }
  }
};

}  // namespace matinee
