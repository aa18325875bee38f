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

/// Something that a reply may say, and of which movies it is true.
struct ReplyFact {
  std::string text;
  std::uint32_t of = ~0u;  ///< bit c: true of candidate c, c < 16; all bits: true whatever the candidate
  bool required = false;   ///< the reply must say one of those with this mark
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

/// What a reply is grounded in.
struct ReplyFacts {
  std::vector<ReplyFact> names;            ///< titles, people, years, numbers: all that has capitals or digits
  std::vector<ReplyFact> claims;           ///< words like "comedy": only for the candidates named, elsewhere forbidden
  std::vector<std::string> capital_words;  ///< what else may begin a sentence
  const Lexicon* words = nullptr;          ///< what stands there in lower case; null: any word
  bool once = false;                       ///< only one of the required names may stand in the reply
  std::size_t max_bytes = 240;
};

/// The facts for wording an act: the movies' titles, the people, years and numbers that the act is about. Of a
/// recommendation or an explanation one candidate's title is required, and only the reasons that speak for that one may
/// be given; of an answer the fact is required where the catalog knows it. `words` must outlive the facts.
ReplyFacts reply_facts(const SystemAct& act, const MovieCatalog& catalog, const ReplyWords& words);

/// What stands in a reply, against its facts.
struct ReplyCheck {
  /// Capitalised words, numbers and claims that are no facts, words that are none; facts that are true of different
  /// candidates as "A / B". Empty: the reply is grounded.
  std::vector<std::string> ungrounded;
  std::uint32_t candidates = 0xffff;  ///< bit c: all that is said is true of candidate c
  bool complete = true;               ///< a required fact is said, or none is required
};
/// For evaluation: shares no code with GroundedText.
ReplyCheck check_reply(std::string_view text, const ReplyFacts& facts);

}  // namespace matinee
