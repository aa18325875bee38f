#include "lib/evaluation/hash_set.h"

#include <algorithm>
#include <utility>

namespace matinee {

std::uint64_t HashSet::place(std::uint64_t hash) const {
  const std::uint64_t stored = std::max<std::uint64_t>(hash, 1), mask = slots_.size() - 1;
  // The low bits of FNV-like hashes are less even than the high ones.
  std::uint64_t at = (stored ^ stored >> 32) & mask;
  while (slots_[at] != 0 && slots_[at] != stored) at = (at + 1) & mask;
  return at;
}

bool HashSet::insert(std::uint64_t hash) {
  const std::uint64_t at = place(hash);
  if (slots_[at] != 0) return false;
  slots_[at] = std::max<std::uint64_t>(hash, 1);
  if (++size_ * 4 < slots_.size() * 3) return true;
  std::vector<std::uint64_t> old(slots_.size() * 2);
  std::swap(old, slots_);
  for (const std::uint64_t stored : old) {
    if (stored != 0) slots_[place(stored)] = stored;
  }
  return true;
}

}  // namespace matinee
