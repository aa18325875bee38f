#include "lib/catalog/spelling_index.h"

#include <algorithm>

#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

constexpr std::size_t kPrefix = 7;

// FNV-1a of the text without the bytes `out` and `other` (-1: none), folded to 32 bits. A collision costs a comparison,
// no more.
std::uint64_t hash_without(std::string_view text, std::size_t out, std::size_t other) {
  std::uint64_t value = 0xcbf29ce484222325ULL;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != out && i != other) value = (value ^ static_cast<unsigned char>(text[i])) * 0x100000001b3ULL;
  }
  return (value ^ (value >> 32)) & 0xffffffffULL;
}

// Hashes of the prefix and of what is left of it after up to `errors` deletions.
void shortened(std::string_view word, int errors, std::vector<std::uint64_t>& out) {
  constexpr auto kNoByte = static_cast<std::size_t>(-1);
  const std::string_view prefix = word.substr(0, kPrefix);
  out.assign(1, hash_without(prefix, kNoByte, kNoByte));
  if (errors == 0) return;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    out.push_back(hash_without(prefix, i, kNoByte));
    for (std::size_t j = i + 1; errors > 1 && j < prefix.size(); ++j) out.push_back(hash_without(prefix, i, j));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

}  // namespace

int spelling_errors_allowed(std::size_t bytes) { return bytes < 3 ? 0 : bytes < 9 ? 1 : 2; }

SpellingIndex::WordId SpellingIndex::add(std::string_view word) {
  const auto [entry, fresh] = numbers_.try_emplace(std::string(word), static_cast<WordId>(words_.size()));
  if (fresh) words_.emplace_back(word);
  return entry->second;
}

void SpellingIndex::build() {
  std::vector<std::uint64_t> hashes;
  for (WordId word = 0; word < words_.size(); ++word) {
    const int errors = spelling_errors_allowed(words_[word].size());
    if (errors == 0) continue;
    shortened(words_[word], errors, hashes);
    for (const std::uint64_t value : hashes) deletions_.push_back(value << 32 | word);
  }
  std::sort(deletions_.begin(), deletions_.end());
}

SpellingIndex::WordId SpellingIndex::exact(std::string_view word) const {
  const auto found = numbers_.find(std::string(word));
  return found == numbers_.end() ? kNone : found->second;
}

std::vector<SpellingIndex::Near> SpellingIndex::near(std::string_view word) const {
  std::vector<Near> found;
  // An insertion can make a short word long enough for two errors, so both lengths must allow them.
  const int errors = spelling_errors_allowed(word.size());
  if (errors == 0) return found;
  std::vector<std::uint64_t> hashes;
  std::vector<WordId> seen;
  shortened(word, errors, hashes);
  for (const std::uint64_t value : hashes) {
    for (auto it = std::lower_bound(deletions_.begin(), deletions_.end(), value << 32);
         it != deletions_.end() && *it >> 32 == value; ++it) {
      seen.push_back(static_cast<WordId>(*it & 0xffffffffULL));
    }
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (const WordId candidate : seen) {
    const int limit = std::min(errors, spelling_errors_allowed(words_[candidate].size()));
    const int distance = edit_distance(word, words_[candidate], limit);
    if (distance > 0 && distance <= limit) found.push_back({candidate, distance});
  }
  return found;
}

}  // namespace matinee
