// The limits are ranks: movies by votes, people by the votes of their movies. They were set on marked turns of real
// dialogues with the 10,000 most voted movies (tests/catalog/mention_figures.cc).
#include "lib/catalog/name_evidence.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/catalog/common_words.h"
#include "lib/catalog/name_words.h"

namespace matinee {
namespace {

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 17> kStrongTitleCues{
    "original", "try",   "seen",   "saw",      "watched",  "rewatched",  "watching", "watch", "rewatch",
    "called",   "named", "titled", "entitled", "finished", "rewatching", "remember", "catch"};
constexpr std::array<std::string_view, 20> kTitleCues{
    "like",  "likes",  "liked",     "love",        "loves",   "loved", "enjoy", "enjoyed", "hate", "hated",
    "adore", "adored", "recommend", "recommended", "suggest", "see",   "to",    "about",   "than", "except"};
constexpr std::array<std::string_view, 18> kPersonCues{
    "with",     "by",    "starring", "star",   "stars",     "starred", "featuring", "feature",   "director",
    "directed", "actor", "actress",  "actors", "actresses", "without", "feat",      "directors", "not"};
constexpr std::array<std::string_view, 14> kIndefinite{"a",    "an",   "my",    "some", "any",   "no",   "your",
                                                       "this", "that", "every", "his",  "these", "more", "good"};
constexpr std::array<std::string_view, 10> kFilms{"movie",  "movies", "film",  "films", "flick",
                                                  "flicks", "type",   "types", "kind",  "stuff"};
// Words that may follow a title, and not the first words of a longer phrase.
constexpr std::array<std::string_view, 46> kAfterTitles{
    "and",    "or",    "but",     "was",     "is",     "are",  "because", "cause",    "cuz",  "since",     "so", "too",
    "also",   "again", "already", "which",   "that",   "with", "when",    "if",       "as",   "yesterday", "a",  "last",
    "then",   "yet",   "please",  "instead", "i",      "it",   "its",     "has",      "were", "the",       "im", "have",
    "really", "very",  "just",    "my",      "though", "lol",  "not",     "anything", "from", "starring"};

// Before a capital they make it a title, even a function word's: "the new It".
constexpr std::array<std::string_view, 9> kCapitalCues{"new",    "original", "of",    "movie", "film",
                                                       "movies", "is",       "maybe", "not"};
constexpr std::array<std::string_view, 5> kPlaceWords{"in", "at", "from", "near", "visiting"};
constexpr std::array<std::string_view, 21> kVerbs{"gave",  "beats", "did",    "be",     "won",  "got",  "isnt",
                                                  "wasnt", "seems", "sounds", "doesnt", "is",   "was",  "were",
                                                  "has",   "had",   "does",   "made",   "used", "will", "looks"};

// Function words that answer a question; others alone may be titles (Up, It).
constexpr std::array<std::string_view, 14> kAnswers{"no",  "yes", "nope", "yep", "ok",   "none", "any",
                                                    "all", "not", "more", "why", "sure", "both", "neither"};
constexpr int kEverydayGivenName = 12;  // bearers from which a given name means anybody

bool is_hard(char mark) { return mark == '.' || mark == '!' || mark == '?' || mark == ';'; }
bool is_pause(char mark) { return mark != 0 && mark != '-' && mark != '/'; }

bool is_plain(std::string_view folded) {
  return is_common_word(folded) || is_number(folded) ||
         (folded.size() > 3 && folded.back() == 's' && is_common_word(folded.substr(0, folded.size() - 1)));
}

// A capitalized word in the middle of a sentence that may belong to a name.
bool looks_like_part_of_name(const SentenceWord& word) {
  return word.name_like && !is_function_word(word.folded) && !is_never_name(word.folded) && word.owner.empty();
}

constexpr std::array<std::string_view, 3> kLinks{"of", "at", "in"};  // between the words of a longer title

// "The House at Pooh Corner", "The Clan of the Cave Bear": word `at` is small and leads to a capital.
bool capital_follows(const std::vector<SentenceWord>& words, std::size_t at) {
  if (words[at].mark != 0 || words[at].capital || (words[at].folded != "of" && words[at].folded != "at")) return false;
  if (++at < words.size() && is_left_out(words[at].folded)) ++at;
  return at < words.size() && words[at].mark == 0 && looks_like_part_of_name(words[at]);
}

// "A Tree Grows in Brooklyn": word `at` follows a small word after a capital.
bool capital_precedes(const std::vector<SentenceWord>& words, std::size_t at) {
  if (at < 2 || words[at].mark != 0 || words[at - 1].mark != 0 || !is_one_of(kLinks, words[at - 1].folded))
    return false;
  return looks_like_part_of_name(words[at - 2]) && is_english_form(words[at - 2].folded);
}

// The cues that stand before a match.
void describe_before(const std::vector<SentenceWord>& words, const NameMatch& match, const NamePhrases& phrases,
                     NameSurface& surface) {
  std::size_t before = match.begin;
  bool pause = is_pause(words[match.begin].mark);
  while (!pause && before > 0 && is_left_out(words[before - 1].folded)) {
    --before;
    const std::string& article = words[before].folded;
    if (article == "and") break;
    surface.article = article[0];
    surface.capital_article = words[before].capital ? article[0] : '\0';
    pause = is_pause(words[before].mark);
  }
  surface.whole_text = before == 0 && match.end == words.size();
  if (before == 0 || pause) return;
  const SentenceWord& word = words[before - 1];
  surface.after_indefinite = is_one_of(kIndefinite, word.folded);
  surface.strong_title_cue = is_one_of(kStrongTitleCues, word.folded);
  surface.title_cue = surface.strong_title_cue || is_one_of(kTitleCues, word.folded);
  if (before > 1 && is_one_of(kFilms, words[before - 2].folded) && word.folded == "like")
    surface.strong_title_cue = true;
  // "the film Heat"
  if (before > 1 && (word.folded == "movie" || word.folded == "film") && words[before - 2].folded == "the")
    surface.strong_title_cue = true;
  if (before > 1 && words[before - 2].folded == "similar" && word.folded == "to") surface.strong_title_cue = true;
  surface.capital_cue = is_one_of(kCapitalCues, word.folded);
  surface.title_cue = surface.title_cue || surface.strong_title_cue;
  if (before == match.begin && capital_precedes(words, before)) surface.goes_on_before = true;
  surface.after_place_word = is_one_of(kPlaceWords, word.folded) &&
                             (surface.article == 't' || word.folded == "near" || word.folded == "visiting");
  surface.person_cue = is_one_of(kPersonCues, word.folded);
  if (before == match.begin) {
    surface.after_given_name = phrases.is_given_name(word.folded) && !is_common_word(word.folded);
    surface.goes_on_before = surface.goes_on_before ||
                             (looks_like_part_of_name(word) && !is_one_of(kFilms, word.folded)) ||
                             words[match.begin].mark == '-';
  }
}

void describe_after(const std::vector<SentenceWord>& words, const NameMatch& match, NameSurface& surface) {
  if (match.end == words.size()) {
    surface.clause_ends = surface.sentence_ends = true;
    return;
  }
  const SentenceWord& next = words[match.end];
  surface.clause_ends = next.mark != 0 || match.owner || (!next.name_like && is_one_of(kAfterTitles, next.folded));
  surface.sentence_ends = is_hard(next.mark);
  surface.followed_by_films = !is_pause(next.mark) && is_one_of(kFilms, next.folded);
  const bool hyphen = next.mark == '-' && next.begin == words[match.end - 1].end + 1;  // "X-Men"
  surface.before_capital =
      next.mark == 0 && next.name_like && !is_function_word(next.folded) && !is_one_of(kFilms, next.folded);
  surface.before_verb = next.mark == 0 && is_one_of(kVerbs, next.folded);
  if (hyphen || capital_follows(words, match.end)) surface.goes_on_after = true;
  if ((next.mark != 0 && next.mark != ':') || match.owner) return;
  const bool common = is_common_word(next.folded) && next.mark != ':';
  const bool after_next = match.end + 1 < words.size() && words[match.end + 1].name_like;
  if (next.name_like && (common ? after_next : looks_like_part_of_name(next)) && !is_one_of(kFilms, next.folded))
    surface.goes_on_after = true;
  surface.before_name = next.mark == 0 && !match.owner && (next.name_like || !is_english_form(next.folded));
}

}  // namespace

NameSurface describe_surface(const std::vector<SentenceWord>& words, const NameMatch& match,
                             const NamePhrases& phrases) {
  NameSurface surface;
  std::string phrase;
  bool all_capital = true, any_name = false;
  surface.never_name = true;
  for (std::size_t i = match.begin; i < match.end; ++i) {
    const SentenceWord& word = words[i];
    surface.letters += match.owner && i + 1 == match.end ? word.owner.size() : word.folded.size();
    surface.quoted = surface.quoted && word.quoted;
    const bool shouted = word.shouted && is_plain(word.folded);
    if (is_left_out(word.folded)) continue;
    const std::string& text = match.owner && i + 1 == match.end ? word.owner : word.folded;
    const bool function = is_function_word(text);
    ++surface.counted;
    surface.content += function ? 0 : 1;
    surface.all_common = surface.all_common && is_plain(text);
    surface.all_words = surface.all_words && (is_english_word(text) || is_number(text));
    surface.all_english = surface.all_english && (is_english_form(text) || is_number(text));
    surface.never_name = surface.never_name && (is_never_name(text) || function);
    phrase += (phrase.empty() ? "" : " ") + text;
    surface.telling += !is_plain(text) && (match.errors.where >> (i - match.begin) & 1) == 0 ? 1 : 0;
    any_name = any_name || (word.name_like && !shouted);
    all_capital = all_capital && !shouted && (word.capital || (function && surface.counted > 1));
    if (word.capital) surface.capital = true;
  }
  surface.everyday = surface.counted > 1 && is_common_word(phrase);
  if (match.begin > 0 && words[match.begin - 1].quoted && words[match.begin].mark == 0) surface.quoted = false;
  if (match.end < words.size() && words[match.end].quoted && words[match.end].mark == 0) surface.quoted = false;
  // "also Anything else": function words alone need capitals at both ends, "Just Go with It".
  const bool ends_capital = words[match.begin].capital && words[match.end - 1].capital;
  surface.written_as_name = any_name && all_capital && (surface.content > 0 || ends_capital);
  surface.begins_sentence = words[match.begin].capital && words[match.begin].first && !words[match.begin].shouted;
  surface.answer = surface.counted == 1 && is_one_of(kAnswers, phrase);
  surface.roman =
      surface.counted == 1 && phrase.find_first_not_of("ivx") == phrase.npos && standard_word(phrase) != phrase;
  surface.genre = surface.counted == 1 && phrases.is_genre(phrase);
  surface.number = surface.counted == 1 && is_number(phrase);
  surface.given_name = surface.counted == 1 && phrases.is_given_name(phrase);
  surface.given_name_bearers = surface.counted == 1 ? phrases.given_name_bearers(phrase) : 0;
  describe_before(words, match, phrases, surface);
  describe_after(words, match, surface);
  return surface;
}

namespace {

// Of a title or full name with typing errors; 0 if it may not have them. `rank` of the movie or person.
double misspelled(const NameMatch& match, const NameSurface& surface, std::int32_t rank) {
  const SpellingErrors& errors = match.errors;
  const bool one_word = surface.counted == 1;
  const std::size_t letters = surface.letters;
  const int allowed = letters < 6 ? 0 : letters < 10 ? 1 : letters < 18 ? 2 : 3;
  if (errors.count > allowed || surface.never_name) return 0;
  if (one_word) {
    if (errors.english || errors.known || rank > 3000 || surface.inside_longer_name()) return 0;
    // "familyt" is rather the word than the movie.
    if (errors.of_common && !(surface.title_cue && surface.clause_ends && rank < 1000)) return 0;
    if (letters < 9 && (errors.at_end || errors.at_start)) return 0;
    if (errors.count > 1 && (errors.at_start || rank > 1000)) return 0;
  } else {
    const bool doubtful = errors.english || errors.known;
    const bool long_and_known = letters >= 16 && rank < 1000;  // "inglorious bastards"
    if (doubtful && !long_and_known && (errors.words > 1 || rank > 3000 || letters < 8 || surface.telling == 0))
      return 0;
    if (errors.at_start && ((doubtful && rank > 1000) || errors.count > 1)) return 0;
    if (errors.of_common && letters < 12 && surface.content <= static_cast<std::size_t>(errors.words))
      return 0;  // "anythig else"
    if (errors.words >= static_cast<int>(surface.counted) &&
        ((doubtful && !long_and_known) || letters < (rank < 1500 ? 8u : 11u)))
      return 0;
  }
  return std::pow(letters >= 8 ? 0.85 : 0.7, errors.count) * match.factor * (errors.english ? 0.8 : 1);
}

// Of one English word, or only function words, written without capitals and quotation marks.
NameEvidence plain_word(const NameSurface& surface, std::int32_t rank) {
  const NameEvidence likely{0.8, true}, none;
  if (surface.followed_by_films) return none;
  if (surface.content == 0) {
    const bool enough = surface.counted >= 3 || (surface.counted == 2 && surface.strong_title_cue);
    return enough && surface.clause_ends && rank < 1000 ? likely : none;
  }
  if (surface.strong_title_cue && surface.clause_ends) return !surface.all_common || rank < 1500 ? likely : none;
  if (surface.all_common) return none;
  if ((surface.title_cue && surface.clause_ends) || surface.before_verb) return rank < 1500 ? likely : none;
  return rank < 100 ? likely : none;
}

// Of a title of English words that is written without capitals and quotation marks.
NameEvidence plain_title(const NameTarget& target, const NameSurface& surface, std::int32_t rank) {
  const NameEvidence likely{0.8, true}, none;
  const bool cued = surface.strong_title_cue && surface.clause_ends;
  if (surface.never_name || (surface.everyday && !cued)) return none;
  const bool indefinite = surface.after_indefinite || (surface.article == 'a' && target.article != 'a');
  if (surface.counted == 1 || surface.content == 0) return indefinite ? none : plain_word(surface, rank);
  const bool part = target.form != NameForm::kFull && surface.all_common;
  if (surface.content >= 3 && target.form == NameForm::kFull) return {0.9, false};
  if (cued || (surface.content >= 3 && (!part || rank < 1000)) || (surface.counted >= 4 && !part)) return likely;
  if (rank > (surface.all_common ? 1500 : 3000) || (indefinite && rank > 300)) return none;
  return likely;
}

// 1 if the articles agree; people leave out "the".
double article_factor(char title, char text) { return title == text ? 1 : title == 't' && text == 0 ? 0.98 : 0.95; }

// Capitals make a name of English words.
NameEvidence capitalized_title(const NameTarget& target, const NameSurface& surface, std::int32_t rank) {
  const bool one_word = surface.counted == 1;
  if (!one_word) {
    const bool said = surface.title_cue || surface.before_verb || (surface.clause_ends && rank < 3000);
    return {surface.everyday && !said ? 0.0 : 0.9, surface.everyday};
  }
  if (surface.article == 'a' && target.article != 'a' && !surface.strong_title_cue) return {};
  const bool cued = surface.title_cue || (surface.capital_article != 0 && surface.capital_article == target.article);
  if (surface.content == 0 && !cued && !surface.capital_cue) return {};
  if (!cued && !surface.capital_cue && !surface.clause_ends && !surface.before_verb) {
    return {rank < (surface.all_common ? 300 : 1000) ? 0.85 : 0.0, true};
  }
  if (!cued && surface.all_common && rank > 2000) return {};
  return {0.9, surface.all_common && !surface.title_cue};
}

// "Heat but shorter", "Primer, Coherence": one English word whose capital may be that of the sentence.
NameEvidence first_word(const NameSurface& surface, std::int32_t rank) {
  const bool ends = surface.before_verb || (rank < 300 && !surface.all_common) ||
                    (surface.clause_ends && !(surface.all_common && surface.sentence_ends));
  if (surface.content == 0 || !ends || surface.followed_by_films) return {};
  if (rank > (surface.all_common ? 1000 : surface.before_verb ? 6000 : 3000)) return {};
  return {0.75, true};
}

// "Halloween" and the like, not as a day.
bool never_name_as_title(const NameSurface& surface, std::int32_t rank) {
  const bool cued = surface.title_cue || surface.before_verb || surface.capital_cue || surface.capital_article != 0;
  if (surface.written_as_name || surface.begins_sentence) return cued && (surface.title_cue || rank < 1000);
  return surface.title_cue && surface.clause_ends && rank < 500;
}

}  // namespace

NameEvidence movie_evidence(const NameTarget& target, const NameMatch& match, const NameSurface& surface) {
  const std::int32_t rank = target.id;  // movies are sorted by votes
  const bool one_word = surface.counted == 1;
  if (match.nickname || (match.owner && surface.content == 0)) return {};  // "it's"
  if (target.form == NameForm::kBarePart && !surface.quoted && !surface.whole_text) return {};
  if (is_hard(match.crossed) && (surface.counted < 3 || match.errors.count > 0)) return {};
  if (is_pause(match.crossed) && one_word) return {};
  if (one_word && surface.roman) return {};
  const double agrees = article_factor(target.article, surface.article);
  if (match.errors.count > 0) {
    if (is_pause(match.crossed) || target.form == NameForm::kSeries) return {};
    if (target.form == NameForm::kOther && (one_word || surface.letters < 12)) return {};
    if (target.form == NameForm::kSqueezed && surface.letters < 9) return {};
    return {misspelled(match, surface, rank) * agrees, surface.counted < 3 || match.errors.count > 1};
  }
  const double factor = match.factor * agrees;
  const auto scaled = [&](NameEvidence evidence) { return NameEvidence{evidence.factor * factor, evidence.weak}; };
  if (surface.quoted) return {factor, false};
  if (surface.whole_text && target.form != NameForm::kSeries) {
    const bool answer = (surface.content == 0 && (rank > 500 || !one_word || surface.answer)) ||
                        (surface.everyday && !surface.written_as_name) ||
                        (one_word && surface.never_name && rank > 1000);
    return {answer ? 0 : factor, surface.all_english && surface.content < 2};
  }
  if (surface.number && !surface.title_cue && !(surface.before_verb && surface.letters > 2)) return {};
  if (surface.never_name && !one_word && !surface.written_as_name) return {};
  const bool cued = surface.title_cue && (rank < 1000 || surface.clause_ends);
  const bool little_known = one_word && surface.all_english && rank > 1000;
  if (little_known && (surface.before_capital || match.owner)) return {};
  if (one_word && (surface.all_english || surface.given_name) && match.owner && surface.before_capital)
    return {};  // "Alice's Adventures"
  if (little_known && surface.after_place_word && !surface.quoted) return {};
  if (one_word && surface.genre) return {};
  if (one_word && surface.inside_longer_name() && !cued) return {};
  if (one_word && surface.never_name && !never_name_as_title(surface, rank)) return {};
  if (!surface.all_english && surface.letters > 2) {
    const bool little_known_word = one_word && rank > 3000 && !surface.written_as_name && !surface.title_cue;
    if (!one_word || !surface.given_name) return {factor, little_known_word || (one_word && match.factor < 1)};
    const bool written = surface.written_as_name || (surface.begins_sentence && surface.before_verb);
    const bool likely = (surface.title_cue || written) && !surface.before_name;
    return {likely ? factor : 0, true};
  }
  if (surface.written_as_name) return scaled(capitalized_title(target, surface, rank));
  if (match.factor < 1 && one_word) return {};
  if (one_word && surface.begins_sentence && !surface.everyday) {
    if (const NameEvidence evidence = first_word(surface, rank); evidence.factor > 0) return scaled(evidence);
  }
  return scaled(plain_title(target, surface, rank));
}

namespace {

NameEvidence surname_evidence(const NameTarget& target, const NameMatch& match, const NameSurface& surface,
                              std::int32_t rank, bool expects_person) {
  const bool cue = surface.person_cue || (surface.followed_by_films && !surface.all_common);
  const bool expected = expects_person || cue;
  if (surface.after_given_name || surface.inside_longer_name() || (match.nickname && surface.counted == 1)) return {};
  if (surface.after_indefinite && !expects_person) return {};
  if (match.errors.count > 0) {
    if (surface.counted == 1) {
      const int allowed = surface.letters < 7 ? 0 : surface.letters < 11 ? 1 : 2;
      const SpellingErrors& errors = match.errors;
      if (errors.count > allowed || errors.english || errors.known || errors.at_start || errors.at_end) return {};
    } else if (misspelled(match, surface, rank) == 0) {
      return {};
    }
    if (rank > (expects_person ? 1000 : expected ? 300 : 100) || target.share < 0.5f) return {};
    return {0.5 * std::pow(0.85, match.errors.count), true};
  }
  if (rank > (expects_person ? 6000 : cue ? 3000 : 800)) return {};
  if (target.share < (expects_person ? 0.15f : 0.45f)) return {};
  // "Hanks" is no form of a word.
  const bool english = surface.all_words || surface.given_name || surface.everyday;
  if (english) {
    const bool named = surface.written_as_name || surface.quoted;
    if (surface.all_common && surface.counted == 1 && !(expects_person && (named || surface.capital)) &&
        !(surface.person_cue && named)) {
      return {};
    }
    if (!expects_person && !(surface.person_cue && named)) return {};
  }
  return {surface.counted > 1 ? 0.7 : 0.6, !(expects_person && !english)};
}

NameEvidence given_name_evidence(const NameTarget& target, const NameMatch& match, const NameSurface& surface,
                                 std::int32_t rank, bool expects_person) {
  if (match.errors.count > 0 || match.nickname || surface.before_name || surface.inside_longer_name()) return {};
  if (surface.all_english || surface.after_indefinite || surface.after_given_name) return {};
  const bool expected = expects_person || surface.person_cue;
  if (rank > (expected ? 800 : 150) || target.share < (expected ? 0.4f : 0.6f)) return {};
  if (!expects_person && surface.given_name_bearers > kEverydayGivenName) return {};
  return {0.45, true};
}

// One word that is a person's whole name: "Zendaya", "Prince".
NameEvidence mononym_evidence(const NameMatch& match, const NameSurface& surface, std::int32_t rank,
                              bool expects_person) {
  if (match.errors.count > 0 || surface.inside_longer_name() || surface.after_given_name) return {};
  const bool expected = expects_person || surface.person_cue;
  if (surface.all_english || surface.given_name)
    return {expected && (surface.written_as_name || surface.capital) ? 0.6 : 0.0, true};
  return {expected || rank < 3000 ? 0.9 : 0.0, !expected};
}

}  // namespace

NameEvidence person_evidence(const NameTarget& target, const NameMatch& match, const NameSurface& surface,
                             const NamePhrases& phrases, bool expects_person) {
  const std::int32_t rank = phrases.fame_rank(target.id);
  if (is_pause(match.crossed)) return {};
  if (surface.never_name && !(target.form == NameForm::kFull && surface.counted > 1)) return {};
  switch (target.form) {
    case NameForm::kSurname: return surname_evidence(target, match, surface, rank, expects_person);
    case NameForm::kGivenName: return given_name_evidence(target, match, surface, rank, expects_person);
    case NameForm::kNickname:
      // "the rock": a nickname with its article.
      if (match.errors.count > 0) return {};
      if (surface.all_english && surface.article != 't' && !surface.written_as_name && surface.counted == 1) return {};
      return {0.9, surface.all_english || surface.counted == 1};
    case NameForm::kSqueezed:
      if (match.errors.count > 0 && (surface.letters < 10 || rank > 500)) return {};
      return {0.95 * std::pow(0.85, match.errors.count), match.errors.count > 0};
    default: break;
  }
  if (surface.counted == 1 && match.end - match.begin == 1)
    return mononym_evidence(match, surface, rank, expects_person);
  if (match.errors.count > 0) {
    const bool known = rank < 8000 || surface.letters >= 12;
    return {known ? misspelled(match, surface, rank) : 0, match.errors.count > 1 || match.errors.english};
  }
  if (surface.everyday && !surface.written_as_name) return {};
  const bool named = surface.written_as_name || surface.quoted || surface.person_cue || expects_person;
  if (surface.all_english && !named && rank > 1500 && !surface.whole_text) return {};
  return {match.nickname ? 0.85 : match.factor, surface.all_english && !named};
}

}  // namespace matinee
