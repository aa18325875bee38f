#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalog/mention_finder.h"
#include "lib/dialogue/byte_trie.h"
#include "lib/dialogue/preference_state.h"
#include "lib/text/token_constraint.h"

namespace matinee {

/// Names that an update may use: what the user's text may be speaking of, and what the system spoke of last.
struct UpdateNames {
  std::vector<MovieId> movies;   ///< at most 64
  std::vector<PersonId> people;  ///< at most 64
};
/// From the mentions in the user's text, then the system's movies ("it").
UpdateNames update_names(const MentionFinder& finder, std::string_view user_text,
                         const std::vector<MovieId>& spoken_of);

/// The language of preference updates (preference_state.h): one line of JSON with the keys in their order, an act, and
/// in every list only names, genres and slots that exist, each once; spans in order. Whatever is decoded under it is
/// read by parse_preference_update.
class UpdateGrammar final : public ByteAutomaton {
 public:
  UpdateGrammar(const MovieCatalog& catalog, const UpdateNames& names);

  State start() const override;
  bool advance(State& state, std::uint8_t byte) const override;
  bool may_end(const State& state) const override;

 private:
  enum class Value : std::uint8_t { kWord, kList, kSpan };
  struct Key {
    Value value;
    const ByteTrie* words;  // of a word or list; numbers of a span
  };

  void add_key(const char* name, Value value, const ByteTrie* words);

  ByteTrie keys_, acts_, genres_, people_, movies_, slots_, facts_, popularities_, years_, minutes_;
  std::vector<Key> key_;
};

}  // namespace matinee
