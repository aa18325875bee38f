#include "lib/wording/said_sentences.h"

#include <algorithm>

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
    const std::uint32_t node = sentences_.add(sentence);
    ends_.resize(sentences_.size());
    ends_[node] = true;
    return false;
  });
}

bool SaidSentences::repeats(std::string_view text) const {
  return any_sentence(text, [&](std::string_view sentence) {
    std::uint32_t node = 0;
    for (const char c : sentence) {
      node = sentences_.child(node, static_cast<std::uint8_t>(c));
      if (node == 0) return false;
    }
    return ends(node);
  });
}

void SaidSentences::clear() { *this = SaidSentences(); }

}  // namespace matinee
