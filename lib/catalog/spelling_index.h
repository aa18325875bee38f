#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace matinee {

/// A vocabulary that is searched with typing errors (Damerau-Levenshtein, see edit_distance): the symmetric deletes of
/// SymSpell (Garbe 2012) over the first seven bytes. Words of 3 to 8 bytes are found with one error, longer ones with
/// two.
class SpellingIndex {
 public:
  using WordId = std::uint32_t;
  static constexpr WordId kNone = ~WordId{0};

  /// The number of a word; a new word gets the next number.
  WordId add(std::string_view word);
  /// Call after the last add() and before the first near().
  void build();

  WordId exact(std::string_view word) const;
  const std::string& text(WordId word) const { return words_[word]; }

  struct Near {
    WordId word;
    int errors;
  };
  /// Words other than `word` itself within its number of errors, by number.
  std::vector<Near> near(std::string_view word) const;

 private:
  std::vector<std::string> words_;
  std::unordered_map<std::string, WordId> numbers_;
  std::vector<std::uint64_t> deletions_;  // 32 bits of the hash of a shortened word, then its number; sorted
};

/// Number of typing errors that are tolerated in a word or phrase of this length.
int spelling_errors_allowed(std::size_t bytes);

}  // namespace matinee
