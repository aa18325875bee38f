#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// A part of a phrase.
struct PhrasePiece {
  enum class Kind { kText, kSlot, kPart, kGroup } kind;
  std::string text;                                    ///< the text, or the name of the slot or part
  std::vector<std::vector<PhrasePiece>> alternatives;  ///< of a group
};
/// A phrase: its pieces in order.
using PhraseSequence = std::vector<PhrasePiece>;
/// Phrases of which one is chosen: those of a section, of a part, or the alternatives of a group.
using PhraseChoices = std::vector<PhraseSequence>;

/// True for . ! and ?, which end a sentence. Such a mark at the beginning of a text is left out after another one, so
/// that a sentence may end with a name like "Robert Downey Jr." or "Airplane!".
inline bool is_end_mark(char c) { return c == '.' || c == '!' || c == '?'; }
inline bool begins_with_mark(std::string_view text) { return !text.empty() && is_end_mark(text.front()); }
inline bool ends_with_mark(std::string_view text) { return !text.empty() && is_end_mark(text.back()); }

/// Reads one line of a file of phrases (docs/phrases.md). Throws Error(kBadData) "PLACE:COLUMN: ..." for wrong syntax.
PhraseSequence parse_phrase(std::string_view line, const std::string& place);

}  // namespace matinee
