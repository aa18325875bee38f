#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/vocabulary/token_index.h"
#include "lib/vocabulary/tokenizer_definition.h"

namespace matinee {

/// Fills vocabulary and merges of a definition as the files list them. All errors are Error(kBadData) without a place,
/// which the reader adds.
class VocabularyBuilder {
 public:
  /// Goes on from the tokens that are in `definition`, which must outlive it.
  explicit VocabularyBuilder(TokenizerDefinition& definition);

  /// Reserves room for `tokens` tokens; the largest id is at least tokens - 1.
  void expect(std::size_t tokens);
  /// Throws for an id that is negative, absurdly large or taken, and for a token that is there already.
  void add(std::string_view token, std::int64_t id);
  /// A token found before the text is split; it may be one of the vocabulary, then under the same id. A second
  /// description of a token replaces the first.
  void add(AddedToken token);
  /// The next merge by rank. Throws where a side or the whole is no token.
  void add_merge(std::string_view left, std::string_view right);
  /// The same of "left right".
  void add_merge(std::string_view pair);

  /// -1 where there is none.
  std::int32_t find(std::string_view token) const { return index_.find(token); }
  std::size_t size() const { return index_.size(); }
  /// True if an added token has this text.
  bool is_added(std::string_view token) const;
  /// The first id behind all others.
  std::int32_t next_id() const { return static_cast<std::int32_t>(definition_.vocabulary.size()); }

 private:
  void make_room_for(std::int64_t id);
  std::int32_t id_of(std::string_view token) const;

  TokenizerDefinition& definition_;
  TokenIndex index_;
  std::unordered_map<std::int32_t, std::size_t> added_;  // place in added_tokens by id
  std::string joined_;
};

}  // namespace matinee
