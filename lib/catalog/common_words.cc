#include "lib/catalog/common_words.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/words.h"

// The files of lib/catalog/words, put into the program by words.S.
extern "C" {
extern const char matinee_function_words_begin[], matinee_function_words_end[];
extern const char matinee_common_words_begin[], matinee_common_words_end[];
extern const char matinee_english_words_begin[], matinee_english_words_end[];
extern const char matinee_spelling_words_begin[], matinee_spelling_words_end[];
extern const char matinee_never_names_begin[], matinee_never_names_end[];
extern const char matinee_nicknames_begin[], matinee_nicknames_end[];
}

namespace matinee {
namespace {

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

// Lines without comments.
template <class Use>
void for_lines(std::string_view text, const Use& use) {
  for_each_piece(text, '\n', [&](std::string_view line) {
    if (line.front() != '#') use(line);
  });
}

// The lists that a word is in.
enum WordList : std::uint8_t { kFunction = 1, kCommon = 2, kEnglish = 4, kNeverName = 8 };

// All words of the lists in one table with open addressing, so that most questions take one look. A word of several
// parts ("harry potter") has a space between them.
class WordLists {
 public:
  static const WordLists& get() {
    static const WordLists lists;
    return lists;
  }

  // Bits of WordList; 0 for a word that is in none.
  unsigned lists_of(std::string_view word) const {
    for (std::size_t at = hash64(word) & mask_;; at = (at + 1) & mask_) {
      const Entry& entry = entries_[at];
      if (entry.lists == 0) return 0;
      if (entry.word == word) return entry.lists;
    }
  }

 private:
  struct Entry {
    std::string_view word;
    std::uint8_t lists = 0;  // 0: free
  };

  WordLists() {
    std::unordered_map<std::string, unsigned> words;
    const auto add = [&](const char* begin, const char* end, unsigned lists) {
      for_lines(between(begin, end), [&](std::string_view line) {
        for_each_piece(line, ' ', [&](std::string_view piece) {
          std::string word(piece);
          std::replace(word.begin(), word.end(), '_', ' ');
          words[std::move(word)] |= lists;
        });
      });
    };
    add(matinee_function_words_begin, matinee_function_words_end, kFunction | kCommon | kEnglish);
    add(matinee_common_words_begin, matinee_common_words_end, kCommon | kEnglish);
    add(matinee_english_words_begin, matinee_english_words_end, kEnglish);
    add(matinee_spelling_words_begin, matinee_spelling_words_end, kEnglish);
    add(matinee_never_names_begin, matinee_never_names_end, kNeverName);
    std::size_t bytes = 0;
    for (const auto& [word, lists] : words) bytes += word.size();
    texts_.reserve(bytes);  // the entries point into it
    mask_ = std::bit_ceil(words.size() * 2) - 1;
    entries_.resize(mask_ + 1);
    for (const auto& [word, lists] : words) {
      std::size_t at = hash64(word) & mask_;
      while (entries_[at].lists != 0) at = (at + 1) & mask_;
      entries_[at] = {std::string_view(texts_.data() + texts_.size(), word.size()), static_cast<std::uint8_t>(lists)};
      texts_ += word;
    }
  }

  std::string texts_;
  std::vector<Entry> entries_;
  std::size_t mask_ = 0;
};

bool is_in(std::string_view word, unsigned lists) { return (WordLists::get().lists_of(word) & lists) != 0; }

}  // namespace

bool is_function_word(std::string_view folded) { return is_in(folded, kFunction); }
bool is_common_word(std::string_view folded) { return is_in(folded, kCommon); }
bool is_english_word(std::string_view folded) { return is_in(folded, kEnglish); }
bool is_never_name(std::string_view folded) { return is_in(folded, kNeverName); }

bool is_english_form(std::string_view folded) {
  if (is_english_word(folded)) return true;
  for (const std::string_view ending : {"s", "es", "d", "ed", "ing", "er", "ers", "ly", "y"}) {
    if (folded.size() > ending.size() + 2 && folded.ends_with(ending) &&
        is_english_word(folded.substr(0, folded.size() - ending.size()))) {
      return true;
    }
  }
  return is_english_word(std::string(folded) + "s");
}

std::span<const Nickname> nicknames() {
  static const std::vector<Nickname> all = [] {
    std::vector<Nickname> pairs;
    for_lines(between(matinee_nicknames_begin, matinee_nicknames_end), [&](std::string_view line) {
      const std::size_t middle = line.find(" = ");
      if (middle != std::string_view::npos) pairs.emplace_back(line.substr(0, middle), line.substr(middle + 3));
    });
    return pairs;
  }();
  return all;
}

std::string_view full_given_name(std::string_view nickname) {
  static const std::unordered_map<std::string_view, std::string_view> names = [] {
    std::unordered_map<std::string_view, std::string_view> map;
    for (const auto& [nick, name] : nicknames()) {
      if (name.find(' ') == std::string_view::npos) map.emplace(nick, name);
    }
    return map;
  }();
  const auto found = names.find(nickname);
  return found == names.end() ? std::string_view() : found->second;
}

}  // namespace matinee
