#pragma once

#include <cstdint>
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
  bool empty() const { return sentences_.size() == 1; }
  void clear();

  /// The sentences as a trie, for PhraseLanguage.
  const ByteTrie& trie() const { return sentences_; }
  /// True where a sentence ends at the node of the trie.
  bool ends(std::uint32_t node) const { return node < ends_.size() && ends_[node]; }

 private:
  ByteTrie sentences_;
  std::vector<bool> ends_;
};

}  // namespace matinee
