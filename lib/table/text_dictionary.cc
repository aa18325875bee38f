#include "lib/table/text_dictionary.h"

#include <immintrin.h>

#include <limits>

#include "lib/table/fields.h"

namespace matinee {
namespace {

constexpr std::uint32_t kEmpty = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kFirstSlots = 512;

// Equal texts have equal hashes.
std::uint64_t hash_of(std::string_view text) {
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    unsigned long long high = 0;
    const std::uint64_t low = _mulx_u64(a ^ 0x9E3779B97F4A7C15, b ^ 0xC2B2AE3D27D4EB4F, &high);
    return low ^ high;
  };
  const char* p = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = left;
  for (; left > 8; left -= 8, p += 8) hash = mix(hash, load64(p));
  const std::uint64_t last = left == 0 ? 0 : first_bytes(load64(p), left);
  return mix(hash, last);
}

}  // namespace

void TextDictionary::clear() {
  slots_.assign(kFirstSlots, {0, kEmpty});
  texts_.clear();
  bytes_ = 0;
}

void TextDictionary::grow() {
  std::vector<Slot> old(slots_.size() * 4, {0, kEmpty});
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.code == kEmpty) continue;
    std::size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].code != kEmpty) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

std::uint32_t TextDictionary::code_of(std::string_view text) {
  const std::uint64_t hash = hash_of(text);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.code == kEmpty) {
      const auto code = static_cast<std::uint32_t>(texts_.size());
      slot = {hash, code};
      texts_.push_back(text);
      bytes_ += text.size();
      if (texts_.size() * 2 > slots_.size()) grow();
      return code;
    }
    if (slot.hash == hash && equal_fields(texts_[slot.code], text)) return slot.code;
  }
}

}  // namespace matinee
