#include "lib/catalog/name_scan.h"

#include <algorithm>
#include <array>
#include <bit>

#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

constexpr std::size_t kBlock = 8192;

// A bit for each letter and digit of ASCII; other bytes share the rest. A typing error changes one byte, so it adds at
// most one bit and takes at most one away.
constexpr std::array<std::uint8_t, 256> kBits = [] {
  std::array<std::uint8_t, 256> bits{};
  for (int c = 0; c < 256; ++c) {
    const int bit = c >= 'a' && c <= 'z' ? c - 'a' : c >= '0' && c <= '9' ? 26 + c - '0' : 36 + c % 28;
    bits[static_cast<std::size_t>(c)] = static_cast<std::uint8_t>(bit);
  }
  return bits;
}();

std::uint64_t letters_of(std::string_view text) {
  std::uint64_t letters = 0;
  for (const char c : text) letters |= std::uint64_t{1} << kBits[static_cast<unsigned char>(c)];
  return letters;
}

bool is_digit_byte(char c) { return c >= '0' && c <= '9'; }

// The least edit distance (without swaps) of `key` to a part of `text` from the start of a word to the end of one;
// limit + 1 where it is more. Sellers 1980, "The theory and computation of evolutionary distances".
int distance_within(std::string_view key, std::string_view text, int limit) {
  std::vector<int> column(key.size() + 1);
  const auto far = static_cast<int>(key.size()) + 1;
  int best = limit + 1;
  for (std::size_t i = 0; i <= key.size(); ++i) column[i] = static_cast<int>(i);
  for (std::size_t j = 0; j < text.size(); ++j) {
    int diagonal = column[0];
    column[0] = text[j] == ' ' ? 0 : far;  // a match begins behind a space
    for (std::size_t i = 1; i <= key.size(); ++i) {
      const int cost = std::min({column[i] + 1, column[i - 1] + 1, diagonal + (key[i - 1] == text[j] ? 0 : 1)});
      diagonal = column[i];
      column[i] = cost;
    }
    if (j + 1 == text.size() || text[j + 1] == ' ') best = std::min(best, column[key.size()]);
  }
  return best;
}

template <class Near>
void keep_nearest_of_each(std::vector<Near>& found) {
  const auto by_row = [](const Near& a, const Near& b) { return a.row != b.row ? a.row < b.row : a.errors < b.errors; };
  std::sort(found.begin(), found.end(), by_row);
  found.erase(std::unique(found.begin(), found.end(), [](const Near& a, const Near& b) { return a.row == b.row; }),
              found.end());
  std::stable_sort(found.begin(), found.end(), [](const Near& a, const Near& b) { return a.errors < b.errors; });
}

}  // namespace

bool has_phrase(std::string_view folded, std::string_view phrase) {
  for (std::size_t at = folded.find(phrase); at != folded.npos; at = folded.find(phrase, at + 1)) {
    const std::size_t end = at + phrase.size();
    if ((at == 0 || folded[at - 1] == ' ') && (end == folded.size() || folded[end] == ' ')) return true;
  }
  return false;
}

std::string numbers_of(std::string_view folded) {
  std::string numbers;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if (!is_digit_byte(folded[i])) continue;
    if (!numbers.empty() && !is_digit_byte(folded[i - 1])) numbers += ' ';
    numbers += folded[i];
  }
  return numbers;
}

NameScan::NameScan(std::int32_t rows, const std::function<void(std::int32_t, const Add&)>& names_of, ThreadPool& pool) {
  const auto count = static_cast<std::size_t>(rows);
  struct Block {
    std::string bytes;
    std::vector<std::size_t> ends;
    std::vector<std::int32_t> rows;
    std::vector<std::uint64_t> letters;
  };
  std::vector<Block> blocks((count + kBlock - 1) / kBlock);
  pool.for_blocks(count, kBlock, [&](std::size_t begin, std::size_t end, int) {
    Block& block = blocks[begin / kBlock];
    std::int32_t row = 0;
    const Add add = [&](std::string_view folded) {
      block.bytes += folded;
      block.ends.push_back(block.bytes.size());
      block.rows.push_back(row);
      block.letters.push_back(letters_of(folded));
    };
    for (row = static_cast<std::int32_t>(begin); row < static_cast<std::int32_t>(end); ++row) names_of(row, add);
  });
  begins_.push_back(0);
  for (const Block& block : blocks) {
    const std::size_t start = bytes_.size();
    bytes_ += block.bytes;
    for (const std::size_t end : block.ends) begins_.push_back(start + end);
    rows_.insert(rows_.end(), block.rows.begin(), block.rows.end());
    letters_.insert(letters_.end(), block.letters.begin(), block.letters.end());
  }
}

// The results of look(entry, found) over all names, in their order.
template <class Found, class Look>
std::vector<Found> NameScan::scan(ThreadPool& pool, const Look& look) const {
  std::vector<std::vector<Found>> blocks((rows_.size() + kBlock - 1) / kBlock);
  pool.for_blocks(rows_.size(), kBlock, [&](std::size_t begin, std::size_t end, int) {
    for (std::size_t entry = begin; entry < end; ++entry) look(entry, blocks[begin / kBlock]);
  });
  std::vector<Found> all;
  for (const auto& block : blocks) all.insert(all.end(), block.begin(), block.end());
  return all;
}

std::vector<NameScan::Near> NameScan::near(const std::vector<std::string>& forms, int limit, ThreadPool& pool) const {
  std::vector<std::uint64_t> letters;
  std::vector<std::string> numbers;
  for (const std::string& form : forms) {
    letters.push_back(letters_of(form));
    numbers.push_back(numbers_of(form));
  }
  auto found = scan<Near>(pool, [&](std::size_t entry, std::vector<Near>& out) {
    for (std::size_t form = 0; form < forms.size(); ++form) {
      const std::uint64_t has = letters_[entry], wants = letters[form];
      const auto length = static_cast<std::ptrdiff_t>(begins_[entry + 1] - begins_[entry]);
      if (std::abs(length - static_cast<std::ptrdiff_t>(forms[form].size())) > limit ||
          std::popcount(has & ~wants) > limit || std::popcount(wants & ~has) > limit) {
        continue;
      }
      const int errors = edit_distance(forms[form], text(entry), limit);
      if (errors <= limit && numbers_of(text(entry)) == numbers[form]) out.push_back({rows_[entry], errors});
    }
  });
  keep_nearest_of_each(found);
  return found;
}

std::vector<NameScan::Near> NameScan::containing(const std::string& key, int limit, ThreadPool& pool) const {
  const std::uint64_t wants = letters_of(key);
  const std::string numbers = numbers_of(key);
  auto found = scan<Near>(pool, [&](std::size_t entry, std::vector<Near>& out) {
    if (std::popcount(wants & ~letters_[entry]) > limit ||
        text(entry).size() + static_cast<std::size_t>(limit) < key.size())
      return;
    const int errors = distance_within(key, text(entry), limit);
    if (errors > limit) return;
    if (!numbers.empty() && !has_phrase(numbers_of(text(entry)), numbers)) return;
    out.push_back({rows_[entry], errors});
  });
  keep_nearest_of_each(found);
  return found;
}

std::vector<NameScan::Shared> NameScan::with_words(const std::vector<std::string>& words, ThreadPool& pool) const {
  std::vector<std::uint64_t> letters;
  for (const std::string& word : words) letters.push_back(letters_of(word));
  const auto found = scan<Shared>(pool, [&](std::size_t entry, std::vector<Shared>& out) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < words.size() && i < 32; ++i) {
      if ((letters[i] & ~letters_[entry]) == 0 && has_phrase(text(entry), words[i])) bits |= std::uint32_t{1} << i;
    }
    if (bits == 0) return;
    if (!out.empty() && out.back().row == rows_[entry]) {
      out.back().words |= bits;
    } else {
      out.push_back({rows_[entry], bits});
    }
  });
  std::vector<Shared> merged;
  for (const Shared& each : found) {
    if (!merged.empty() && merged.back().row == each.row) {
      merged.back().words |= each.words;
    } else {
      merged.push_back(each);
    }
  }
  return merged;
}

}  // namespace matinee
