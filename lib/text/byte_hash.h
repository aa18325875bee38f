#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace matinee {

/// Mixes two words into one: the halves of their 128-bit product, folded. For tables in memory only, since values may
/// differ between machines.
inline std::uint64_t fold_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline constexpr std::uint64_t kHashSalt = 0xa0761d6478bd642fULL;
inline constexpr std::uint64_t kHashSalt2 = 0xe7037ed1a0b428dbULL;

/// Hash of any bytes, eight at a time.
inline std::uint64_t hash_bytes(std::string_view bytes) {
  std::uint64_t state = kHashSalt ^ bytes.size();
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    state = fold_product(state ^ word, kHashSalt2);
    bytes.remove_prefix(8);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  return fold_product(state ^ word, kHashSalt2);
}

}  // namespace matinee
