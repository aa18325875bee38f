#include "lib/catalog/sentence_words.h"

#include <algorithm>

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

}  // namespace

std::vector<SentenceWord> sentence_words(std::string_view text) {
  std::vector<SentenceWord> words;
  bool first = true, quoted = false, any_lower = false;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (text.substr(i, 3) == "\u201c" || text.substr(i, 3) == "\u201d") {
      quoted = text.substr(i, 3) == "\u201c";
      i += 3;
      continue;
    }
    if (!is_word_byte(c) || (c == '\'' && (i == 0 || !is_word_byte(text[i - 1])))) {
      if (c == '"' || c == '*') quoted = !quoted;
      if (c == '!' || c == '?' || c == '\n' || (c == '.' && i + 1 < text.size() && text[i + 1] == ' ')) first = true;
      ++i;
      continue;
    }
    // A dot inside a name ("J.J. Abrams", "E.T.") ends no sentence.
    std::size_t end = i;
    while (end < text.size() && text.substr(end, 3) != "\u201d" && text.substr(end, 3) != "\u201c" &&
           (is_word_byte(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_word_byte(text[end + 1]))))
      ++end;
    const std::string_view written = text.substr(i, end - i);
    SentenceWord word{fold_name(written), i, end, {}, 0, false, false, quoted};
    if (const std::size_t cut = possessive(written); cut > 0) {
      word.owner = fold_name(written.substr(0, written.size() - cut));
      word.owner_end = end - cut;
    }
    const bool upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    word.capital = upper || digit || static_cast<unsigned char>(c) >= 0x80;
    word.name_like = upper && !first && word.folded != "i" && word.folded != "im" && word.folded != "ive" &&
                     word.folded != "id" && word.folded != "ill";
    any_lower = any_lower || (c >= 'a' && c <= 'z');
    if (!word.folded.empty()) words.push_back(std::move(word));
    first = false;
    i = end;
  }
  if (!any_lower && words.size() > 2) {
    for (SentenceWord& word : words) word.name_like = false;
  }
  return words;
}

}  // namespace matinee
