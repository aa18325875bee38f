#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/byte_trie.h"

namespace matinee {

/// The sentences that the system has said in a conversation. A sentence ends with . ! or ? before a space or at the end
/// of the text. Sentences of one or two words ("You're welcome!") may come again and are not kept.
class SaidSentences {
 public:
  void add(std::string_view text);
  /// True if one of the text's sentences was said before.
  bool repeats(std::string_view text) const;
  bool empty() const { return sentences_.empty(); }
  /// An estimate of its memory, without the trie.
  std::size_t bytes() const;
  void clear();

  /// The sentences as a trie, for PhraseLanguage. It is made here for those added since the last call, so two threads
  /// may not call this at the same time.
  const ByteTrie& trie() const;
  /// True where a sentence ends at the node of the trie.
  bool ends(std::uint32_t node) const { return node < ends_.size() && ends_[node]; }

 private:
  std::vector<std::string> sentences_;
  mutable ByteTrie trie_;
  mutable std::size_t in_trie_ = 0;  // sentences
  mutable std::vector<bool> ends_;
};

}  // namespace matinee
