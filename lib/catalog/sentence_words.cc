#include "lib/catalog/sentence_words.h"

#include <algorithm>
#include <array>

#include "lib/catalog/fold_name.h"

namespace matinee {
namespace {

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '\'';
}

// Bytes of a possessive 's at the end, with the ASCII or the typographic apostrophe; 0 where there is none.
std::size_t possessive(std::string_view word) {
  for (const std::string_view ending : {"'s", "\u2019s", "'S"}) {
    if (word.size() > ending.size() && word.ends_with(ending)) return ending.size();
  }
  return 0;
}

// Of a word before a dot: "Mr", "J", "G.I".
bool is_abbreviation(std::string_view written) {
  constexpr std::array<std::string_view, 8> kAbbreviations{"mr", "mrs", "ms", "dr", "st", "jr", "vs", "vol"};
  const std::string folded = fold_name(written);
  return folded.size() == 1 || written.find('.') != written.npos ||
         std::find(kAbbreviations.begin(), kAbbreviations.end(), folded) != kAbbreviations.end();
}

constexpr std::string_view kMarks = "-/,():;?!.";  // weakest first

char stronger(char a, char b) {
  const auto rank = [](char c) { return c == 0 ? -1 : static_cast<int>(kMarks.find(c)); };
  return rank(a) >= rank(b) ? a : b;
}

// Whether capitals say nothing: there are no lower-case letters, or no word of a longer text begins with one.
bool capitals_say_nothing(const std::vector<SentenceWord>& words, bool any_lower_letter) {
  if (words.size() <= 2) return false;
  if (!any_lower_letter) return true;
  return words.size() > 5 && std::all_of(words.begin(), words.end(), [](const SentenceWord& w) { return w.capital; });
}

}  // namespace

std::vector<SentenceWord> sentence_words(std::string_view text) {
  std::vector<SentenceWord> words;
  bool first = true, quoted = false, any_lower = false;
  char mark = 0;
  const bool pairs_of_quotes = std::count(text.begin(), text.end(), '"') > 1;
  const bool pairs_of_stars = std::count(text.begin(), text.end(), '*') % 2 == 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (text.substr(i, 3) == "\u201c" || text.substr(i, 3) == "\u201d") {
      quoted = text.substr(i, 3) == "\u201c";
      i += 3;
      continue;
    }
    if (!is_word_byte(c) || (c == '\'' && (i == 0 || !is_word_byte(text[i - 1])))) {
      const bool in_word =
          c == '"' && i > 0 && i + 1 < text.size() && is_word_byte(text[i - 1]) && is_word_byte(text[i + 1]);
      if ((c == '"' && !in_word && pairs_of_quotes) || (c == '*' && pairs_of_stars)) quoted = !quoted;
      const bool dot = c == '.' && (i + 1 == text.size() || !is_word_byte(text[i + 1])) &&
                       (words.empty() || words.back().end != i ||
                        !is_abbreviation(text.substr(words.back().begin, i - words.back().begin)));
      // "saw it (2017) .It was"
      const bool late_dot = c == '.' && !dot && (i == 0 || text[i - 1] == ' ' || text[i - 1] == ')');
      if (late_dot) mark = stronger(mark, '.');
      if (late_dot || c == '!' || c == '?' || c == '\n' || dot) first = true;
      if (c == '\n') mark = stronger(mark, '.');
      if (kMarks.find(c) != kMarks.npos && (c != '.' || dot)) mark = stronger(mark, c);
      ++i;
      continue;
    }
    // A dot inside a name ("J.J. Abrams", "E.T.") ends no sentence.
    std::size_t end = i;
    bool lower = false;
    while (end < text.size() && text.substr(end, 3) != "\u201d" && text.substr(end, 3) != "\u201c" &&
           (is_word_byte(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_word_byte(text[end + 1])))) {
      lower = lower || (text[end] >= 'a' && text[end] <= 'z');
      ++end;
    }
    const std::string_view written = text.substr(i, end - i);
    SentenceWord word{fold_name(written), i, end, {}, 0, false, false, quoted, mark, first};
    if (const std::size_t cut = possessive(written); cut > 0) {
      word.owner = fold_name(written.substr(0, written.size() - cut));
      word.owner_end = end - cut;
    }
    const bool upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    any_lower = any_lower || lower;
    word.shouted = upper && !lower && end - i > 1;
    word.capital = upper || digit || static_cast<unsigned char>(c) >= 0x80;
    word.name_like = upper && !first && word.folded != "i" && word.folded != "im" && word.folded != "ive" &&
                     word.folded != "id" && word.folded != "ill";
    i = end;
    if (word.folded.empty()) continue;  // an emoji
    words.push_back(std::move(word));
    first = false;
    mark = 0;
  }
  for (SentenceWord& word : words) word.shouted = word.shouted && any_lower;
  if (capitals_say_nothing(words, any_lower)) {
    for (SentenceWord& word : words) word.name_like = false;
  }
  return words;
}

}  // namespace matinee
