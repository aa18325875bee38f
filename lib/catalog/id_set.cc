#include "lib/catalog/id_set.h"

namespace matinee {

std::uint64_t text_order_key(std::uint32_t id) {
  std::uint64_t digits = 7, limit = 10'000'000, scale = 1000;  // to ten digits, as many as the largest number has
  for (; id >= limit; ++digits) {
    limit *= 10;
    scale /= 10;
  }
  return id * scale * 16 + digits;
}

bool IdSet::insert(std::uint32_t id) {
  if (id >> 16 >= pages_.size()) pages_.resize((id >> 16) + 1);
  auto& page = pages_[id >> 16];
  if (page == nullptr) page = std::make_unique<Page>();
  std::uint64_t& bits = page->bits[word(id)];
  if ((bits & bit(id)) != 0) return false;
  bits |= bit(id);
  ++size_;
  return true;
}

void IdSet::seal() {
  std::uint32_t before = 0;
  for (const auto& page : pages_) {
    if (page == nullptr) continue;
    for (std::size_t i = 0; i < page->bits.size(); ++i) {
      page->before[i] = before;
      before += static_cast<std::uint32_t>(std::popcount(page->bits[i]));
    }
  }
}

std::int64_t IdSet::count_missing_in(const IdSet& other) const {
  std::int64_t count = 0;
  for (std::size_t p = 0; p < pages_.size(); ++p) {
    if (pages_[p] == nullptr) continue;
    const Page* theirs = p < other.pages_.size() ? other.pages_[p].get() : nullptr;
    for (std::size_t i = 0; i < pages_[p]->bits.size(); ++i)
      count += std::popcount(pages_[p]->bits[i] & ~(theirs == nullptr ? 0 : theirs->bits[i]));
  }
  return count;
}

}  // namespace matinee
