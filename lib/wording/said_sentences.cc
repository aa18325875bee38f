#include "lib/wording/said_sentences.h"

#include <algorithm>

#include "lib/base/list_members.h"
#include "lib/wording/phrase_pattern.h"

namespace matinee {
namespace {

constexpr std::ptrdiff_t kFewestSpaces = 2;  // of a sentence that may not come again

// Calls visit(sentence) for each sentence that counts, until it returns true; returns that.
template <class Visit>
bool any_sentence(std::string_view text, const Visit& visit) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && (text[end] != ' ' || end == begin || !is_end_mark(text[end - 1]))) ++end;
    const std::string_view sentence = text.substr(begin, end - begin);
    if (std::count(sentence.begin(), sentence.end(), ' ') >= kFewestSpaces && visit(sentence)) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

void SaidSentences::add(std::string_view text) {
  any_sentence(text, [&](std::string_view sentence) {
    sentences_.emplace_back(sentence);
    return false;
  });
}

bool SaidSentences::repeats(std::string_view text) const {
  return any_sentence(text, [&](std::string_view sentence) { return holds(sentences_, sentence); });
}

const ByteTrie& SaidSentences::trie() const {
  for (; in_trie_ < sentences_.size(); ++in_trie_) {
    const std::uint32_t node = trie_.add(sentences_[in_trie_]);
    ends_.resize(trie_.size());
    ends_[node] = true;
  }
  return trie_;
}

std::size_t SaidSentences::bytes() const {
  std::size_t sum = sentences_.capacity() * sizeof(std::string);
  for (const std::string& sentence : sentences_) sum += sentence.capacity();
  return sum;
}

void SaidSentences::clear() { *this = SaidSentences(); }

}  // namespace matinee
