#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/dialogue/lexicon.h"
#include "lib/dialogue/phrasebook.h"
#include "lib/dialogue/system_act.h"

namespace matinee {

/// Something that a reply may say, and the candidates it is true of.
struct ReplyFact {
  std::string text;
  std::uint32_t of = ~0u;  ///< bit c: true of candidate c, c < 16; all bits: true whatever the candidate
  bool required = false;   ///< the reply must say one of the required facts
};

/// True for "I" and its contractions ("I'm"), which have a capital anywhere in a sentence and take no possessive.
inline bool is_first_person(std::string_view word) {
  return word == "I" || word.starts_with("I'") || word.starts_with("I\u2019");
}

/// The words that a reply may use beside facts: those of the phrasebook's system sentences, the common English words in
/// lower case, and the contractions, with a straight or a typographic apostrophe. Made once.
class ReplyWords {
 public:
  explicit ReplyWords(const Phrasebook& phrasebook);
  /// Words that may begin a sentence.
  const std::vector<std::string>& capital_words() const { return capital_words_; }
  const Lexicon& lexicon() const { return lexicon_; }

 private:
  std::vector<std::string> capital_words_;
  Lexicon lexicon_;
};

/// What a reply may say.
struct ReplyFacts {
  std::vector<ReplyFact> names;            ///< titles, people, years, numbers: everything with capitals or digits
  std::vector<ReplyFact> claims;           ///< words like "comedy", allowed only where true
  std::vector<std::string> capital_words;  ///< other words that may begin a sentence
  const Lexicon* words = nullptr;          ///< the words in lower case; null: any word
  bool once = false;                       ///< only one required name may be in the reply
  std::size_t max_bytes = 240;
};

/// The facts for the reply of an act. A recommendation must have the title of one candidate. It and an explanation may
/// give only that candidate's reasons. An answer must have the fact, if the catalog knows it. `words` must outlive the
/// facts.
ReplyFacts reply_facts(const SystemAct& act, const MovieCatalog& catalog, const ReplyWords& words);

/// The result of checking a reply against its facts.
struct ReplyCheck {
  /// Capitalized words, numbers and claims that are not facts, words that are not in the lexicon, and pairs "A / B" of
  /// facts that are true of different candidates. Empty if the reply is grounded.
  std::vector<std::string> ungrounded;
  std::uint32_t candidates = 0xffff;  ///< bit c: all facts in the reply are true of candidate c
  bool complete = true;               ///< it has a required fact, or none is required
};
/// For evaluation. Shares no code with GroundedText, so that each checks the other.
ReplyCheck check_reply(std::string_view text, const ReplyFacts& facts);

}  // namespace matinee
