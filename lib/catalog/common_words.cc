#include "lib/catalog/common_words.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

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

// Calls `use` with each non-empty piece of `text` between separators.
template <class Use>
void for_pieces(std::string_view text, char separator, const Use& use) {
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) use(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

// Lines without comments.
template <class Use>
void for_lines(std::string_view text, const Use& use) {
  for_pieces(text, '\n', [&](std::string_view line) {
    if (line.front() != '#') use(line);
  });
}

// Allows lookup by string_view.
struct TransparentHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using WordSet = std::unordered_set<std::string, TransparentHash, std::equal_to<>>;

WordSet words_of(std::string_view text) {
  WordSet words;
  for_lines(text, [&](std::string_view line) {
    for_pieces(line, ' ', [&](std::string_view piece) {
      std::string word(piece);
      std::replace(word.begin(), word.end(), '_', ' ');
      words.insert(std::move(word));
    });
  });
  return words;
}

const WordSet& function_words() {
  static const auto words = words_of(between(matinee_function_words_begin, matinee_function_words_end));
  return words;
}

const WordSet& common_words() {
  static const auto words = words_of(between(matinee_common_words_begin, matinee_common_words_end));
  return words;
}

const WordSet& more_words() {
  static const auto words = words_of(between(matinee_english_words_begin, matinee_english_words_end));
  return words;
}

const WordSet& spelling_words() {
  static const auto words = words_of(between(matinee_spelling_words_begin, matinee_spelling_words_end));
  return words;
}

}  // namespace

bool is_function_word(std::string_view folded) { return function_words().contains(folded); }

bool is_common_word(std::string_view folded) { return common_words().contains(folded) || is_function_word(folded); }

bool is_english_word(std::string_view folded) {
  return is_common_word(folded) || more_words().contains(folded) || spelling_words().contains(folded);
}

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

bool is_never_name(std::string_view folded) {
  static const auto words = words_of(between(matinee_never_names_begin, matinee_never_names_end));
  return words.contains(folded);
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
