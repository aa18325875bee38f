#pragma once

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace matinee {

/// Character classes of 64 bytes as bit masks, so that ASCII text is split 64 characters at a time.
struct AsciiBlock {
  static constexpr std::size_t kSize = 64;

  std::uint64_t letters = 0;
  std::uint64_t numbers = 0;
  std::uint64_t spaces = 0;  ///< \s: blanks, tabs, line ends
  std::uint64_t blanks = 0;  ///< U+0020
  std::uint64_t quotes = 0;  ///< apostrophes
  std::size_t known = 0;     ///< leading characters that are ASCII and belong to the text

  std::uint64_t others() const { return first_bits(known) & ~(letters | numbers | spaces); }

  /// The first `left` bytes from p on are text; 64 may be read.
  static AsciiBlock of(const char* p, std::size_t left) {
    AsciiBlock block;
    std::uint64_t wide = 0;
    for (std::size_t half = 0; half < 2; ++half) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32 * half));
      const auto add = [&](std::uint64_t& mask, __m256i found) {
        mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(found))) << (32 * half);
      };
      const auto within = [](__m256i values, char first, char last) {
        const __m256i place = _mm256_sub_epi8(values, _mm256_set1_epi8(first));
        return _mm256_cmpeq_epi8(_mm256_min_epu8(place, _mm256_set1_epi8(static_cast<char>(last - first))), place);
      };
      const __m256i blank = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(' '));
      add(block.letters, within(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), 'a', 'z'));
      add(block.numbers, within(bytes, '0', '9'));
      add(block.blanks, blank);
      add(block.spaces, _mm256_or_si256(blank, within(bytes, '\t', '\r')));
      add(block.quotes, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('\'')));
      add(wide, bytes);
    }
    block.keep(std::min(left, static_cast<std::size_t>(std::countr_zero(wide))));
    return block;
  }

  /// A mask of the first `count` characters.
  void keep(std::size_t count) {
    known = std::min(count, kSize);
    const std::uint64_t bits = first_bits(known);
    letters &= bits;
    numbers &= bits;
    spaces &= bits;
    blanks &= bits;
    quotes &= bits;
  }

  static std::uint64_t first_bits(std::size_t count) {
    return count >= kSize ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  }
};

}  // namespace matinee
