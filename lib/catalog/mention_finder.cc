// Names are phrases of words in a trie, which is walked from each word of the text. A word of the text also matches
// words that differ by a typing error, the meaning of a nickname, and itself joined with the next word. name_evidence
// decides whether a match is a name.
#include "lib/catalog/mention_finder.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <optional>
#include <string>
#include <unordered_map>

#include "lib/catalog/common_words.h"
#include "lib/catalog/misspelled_people.h"
#include "lib/catalog/name_evidence.h"
#include "lib/catalog/name_words.h"
#include "lib/catalog/sentence_words.h"
#include "lib/catalog/spelling_index.h"

namespace matinee {
namespace {

using Node = NamePhrases::Node;
using WordId = NamePhrases::WordId;
using Words = std::vector<SentenceWord>;

constexpr std::size_t kMaxWords = 12;    // of the text in one match
constexpr std::size_t kMostWords = 400;  // of a text; the effort grows with the square of the names
constexpr std::size_t kReadings = 4;     // of one kind and place
constexpr double kNicknameFactor = 0.95, kJoinedFactor = 0.95;

// "1995" of "(1995)".
std::int32_t year_of(const SentenceWord& word) {
  std::int32_t year = 0;
  if (word.folded.size() != 4) return kUnknown;
  const auto [end, code] = std::from_chars(word.folded.data(), word.folded.data() + 4, year);
  return code == std::errc{} && end == word.folded.data() + 4 && year >= 1880 && year <= 2100 ? year : kUnknown;
}

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Whether the word counts what stands before it: "Heat 2 times".
bool is_unit(const Words& words, std::size_t at) {
  constexpr std::array<std::string_view, 19> kUnits{"times",  "time",  "days",   "day",  "weeks",  "week", "months",
                                                    "years",  "year",  "hours",  "hour", "hrs",    "mins", "stars",
                                                    "movies", "films", "thumbs", "10",   "minutes"};
  return at < words.size() && words[at].mark == 0 &&
         std::find(kUnits.begin(), kUnits.end(), words[at].folded) != kUnits.end();
}

// Whether a number that continues a title stands at `at`: "2", "part II", "Five". Not the first part, and not the
// number of something else.
bool is_sequel_number(const Words& words, std::size_t at) {
  if (at >= words.size()) return false;
  if (is_part_word(words[at].folded)) {
    if (++at >= words.size() || words[at].mark == '.') return false;
  } else if (words[at].mark != 0) {
    return false;
  }
  const std::string& word = words[at].folded;
  const std::string_view number = standard_word(word);
  if (!is_number(number) || number.size() > 2 || number == "1" || number == "0") return false;
  if ((word == "x" || word == "v") && !words[at].name_like) return false;
  if (at + 1 >= words.size() || words[at + 1].mark != 0) return true;
  // "Two recent ones": a number word only where no noun may follow.
  const bool spelled =
      number.size() != word.size() && number[0] != word[0] && word.find_first_not_of("ivx") != word.npos;
  if (spelled) return is_function_word(words[at + 1].folded);
  return !is_unit(words, at + 1);
}

// "amelie" and "amelia", "avenger" and "avengers" are two names; "jumanjx" is none.
bool only_endings_differ(std::string_view a, std::string_view b) {
  const std::size_t same = a.size() == b.size() ? a.size() - 1 : std::min(a.size(), b.size());
  if (a.substr(0, same) != b.substr(0, same)) return false;
  const auto is_ending = [&](std::string_view word) {
    constexpr std::string_view kEndings = "aeiouys";
    return word.size() == same ||
           (kEndings.find(word.back()) != kEndings.npos && (a.size() == b.size() || word.back() != word[same - 1]));
  };
  return is_ending(a) && is_ending(b);
}

// One reading of a word of the text.
struct Reading {
  WordId word;
  SpellingErrors errors;
  double factor = 1;
  bool owner = false;  // without its possessive 's
};

struct Found {
  Mention mention;
  std::size_t begin, end;  // words
  bool dated = false;
  double known;  // votes for the movie, or the person's movies
};

}  // namespace

// A cache of one finder, per thread: texts repeat their words, and a text is often searched twice. It changes no
// result, and is forgotten when it has grown to kMostRemembered words.
struct Memory {
  static constexpr std::size_t kMostRemembered = 1 << 15;

  std::uint64_t finder = 0;
  std::unordered_map<std::string, std::vector<Reading>> readings;  // by the word, and its form without possessive 's
  std::string text;                                                // the last one
  Words words;
  std::vector<NameMatch> matches;
};

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> number{0};
  return ++number;
}

struct MentionFinder::Impl {
  explicit Impl(const MovieCatalog& catalog) : phrases(catalog) {}

  // The thread's memory, with the text's words and matches.
  const Memory& look_at(std::string_view text) const {
    thread_local Memory memory;
    if (memory.finder != own_number || memory.readings.size() > Memory::kMostRemembered) {
      memory = Memory();
    } else if (memory.text == text) {
      return memory;
    }
    memory.finder = own_number;
    memory.words = sentence_words(text);
    if (memory.words.size() > kMostWords) memory.words.resize(kMostWords);
    memory.matches = matches(memory.words, memory);
    memory.text = text;
    return memory;
  }

  const std::vector<Reading>& remembered_readings(const SentenceWord& word, Memory& memory) const {
    std::string both;
    if (!word.owner.empty()) both = word.folded + ' ' + word.owner;
    const std::string& key = word.owner.empty() ? word.folded : both;
    if (const auto known = memory.readings.find(key); known != memory.readings.end()) return known->second;
    return memory.readings.emplace(key, readings(word)).first->second;
  }

  std::vector<Reading> readings(const SentenceWord& word) const {
    const SpellingIndex& index = phrases.words();
    std::vector<Reading> found;
    const auto exact = [&](std::string_view text, bool owner) {
      const WordId id = index.exact(standard_word(text));
      if (id != SpellingIndex::kNone) found.push_back({id, {}, 1, owner});
      for (const WordId name : phrases.meanings(index.exact(text))) found.push_back({name, {}, kNicknameFactor, owner});
    };
    exact(word.folded, false);
    if (!word.owner.empty()) exact(word.owner, true);
    if (is_common_word(word.folded) || has_digit(word.folded)) return found;
    if (!word.owner.empty()) add_near(word.owner, true, found);
    add_near(word.folded, false, found);  // with a possessive 's also as part of a title: "Schinler's List"
    return found;
  }

  // Words from which `text` differs by typing errors.
  void add_near(const std::string& text, bool owner, std::vector<Reading>& found) const {
    const SpellingIndex& index = phrases.words();
    if (is_never_name(text)) return;
    SpellingErrors errors{1, 1, is_english_form(text), index.exact(text) != SpellingIndex::kNone};
    for (const auto& near : index.near(text)) {
      const std::string& meant = index.text(near.word);
      if (has_digit(meant)) continue;
      errors.count = near.errors;
      errors.at_start = text[0] != meant[0] && !(text.size() > 1 && text[1] == meant[0] && text[0] == meant[1]);
      errors.of_common = is_common_word(meant);
      errors.at_end = near.errors == 1 && only_endings_differ(text, meant);
      found.push_back({near.word, errors, 1, owner});
    }
  }

  // All phrases that continue from `match.node` at word `at` of the text.
  void follow(const Words& words, std::span<const std::vector<Reading>* const> read, std::size_t at, NameMatch match,
              std::vector<NameMatch>& found) const {
    if (at == words.size() || at - match.begin >= kMaxWords) return;
    const SpellingIndex& index = phrases.words();
    const std::string& word = words[at].folded;
    if (at > match.begin && words[at].mark != 0 && (match.crossed == 0 || words[at].mark == '.'))
      match.crossed = words[at].mark;
    const auto step = [&](Node next, std::size_t end, const Reading& reading) {
      if (next == NamePhrases::kRoot || match.errors.count + reading.errors.count > 3) return;
      NameMatch longer = match;
      longer.end = end;
      longer.node = next;
      longer.factor *= reading.factor;
      longer.owner = reading.owner;
      longer.nickname = match.nickname || reading.factor == kNicknameFactor;
      longer.errors.count += reading.errors.count;
      longer.errors.words += reading.errors.words;
      if (reading.errors.count > 0) longer.errors.where |= 1u << (at - match.begin);
      longer.errors.english |= reading.errors.english;
      longer.errors.of_common |= reading.errors.of_common;
      longer.errors.known |= reading.errors.known;
      longer.errors.at_start |= reading.errors.at_start;
      longer.errors.at_end |= reading.errors.at_end;
      if (!phrases.targets(next).empty()) found.push_back(longer);
      if (!reading.owner) follow(words, read, end, longer, found);
    };
    for (const Reading& reading : *read[at]) {
      if (reading.factor < 1 && at != match.begin) continue;  // nicknames replace given names, so they come first
      step(phrases.child(match.node, reading.word), at + 1, reading);
    }
    if (at + 1 < words.size() && words[at + 1].mark == 0) {
      const bool plain = is_common_word(word) && is_common_word(words[at + 1].folded);
      const std::string both = word + words[at + 1].folded;
      const WordId joined = plain || is_english_form(both) ? SpellingIndex::kNone : index.exact(both);
      step(phrases.child(match.node, joined), at + 2, {joined, {}, 0.999 * kJoinedFactor, false});
    }
    // "godfather2"
    const std::size_t digits = word.find_last_not_of("0123456789") + 1;
    if (digits >= 4 && digits < word.size()) {
      const Node before = phrases.child(match.node, index.exact(std::string_view(word).substr(0, digits)));
      if (before != NamePhrases::kRoot) {
        const WordId number = index.exact(std::string_view(word).substr(digits));
        step(phrases.child(before, number), at + 1, {number, {}, 1, false});
      }
    }
    const bool part = is_part_word(word) && at + 1 < words.size() && words[at + 1].mark != '.' &&
                      is_number(standard_word(words[at + 1].folded));
    if (at > match.begin && (is_left_out(word) || part)) follow(words, read, at + 1, match, found);
  }

  std::vector<NameMatch> matches(const Words& words, Memory& memory) const {
    std::vector<const std::vector<Reading>*> read;
    read.reserve(words.size());
    for (const SentenceWord& word : words) read.push_back(&remembered_readings(word, memory));
    std::vector<NameMatch> found;
    for (std::size_t begin = 0; begin < words.size(); ++begin)
      follow(words, read, begin, {begin, begin, NamePhrases::kRoot, {}}, found);
    return found;
  }

  const NamePhrases phrases;
  const std::uint64_t own_number = next_number();  // of this finder among all of the program
};

namespace {

// "the Shining or It." but not "the Shining. It was ..."
bool may_be_listed(const NameSurface& surface) {
  return surface.content > 0 || (surface.sentence_ends && !surface.answer);
}

// Collects the mentions of one text.
class Collector {
 public:
  Collector(const NamePhrases& phrases, std::string_view text, const Words& words, bool expects_person)
      : phrases_(phrases), text_(text), words_(words), expects_person_(expects_person) {}

  void add(const NameMatch& match) {
    if (is_unit(words_, match.end) && words_[match.end - 1].folded.size() < 3 &&
        is_number(words_[match.end - 1].folded))
      return;
    NameSurface surface = describe_surface(words_, match, phrases_);
    if (movie_ends_before(match.begin)) {
      surface.goes_on_before = false;
      if (is_joined(match.begin) && may_be_listed(surface)) surface.strong_title_cue = surface.title_cue = true;
    }
    if (movie_begins_after(match.end)) {
      surface.goes_on_after = surface.before_name = false;
      surface.clause_ends = true;
      if (is_joined(match.end) && may_be_listed(surface)) surface.strong_title_cue = surface.title_cue = true;
    }
    const bool sequel = is_sequel_number(words_, match.end);
    const bool dated = add_dated(match, surface);
    if (dated) return;
    for (const NameTarget& target : phrases_.targets(match.node)) {
      const bool movie = target.kind == MentionKind::kMovie;
      if (movie && sequel) continue;
      const NameEvidence evidence = movie ? movie_evidence(target, match, surface)
                                          : person_evidence(target, match, surface, phrases_, expects_person_);
      if (evidence.factor <= 0) continue;
      const std::size_t end = match.owner ? words_[match.end - 1].owner_end : words_[match.end - 1].end;
      const double form = movie && target.form != NameForm::kFull ? 0.9 : 1;
      propose(target, match, end, evidence.factor * form, evidence.weak, false);
    }
  }

  void add(const MisspelledPerson& person) {
    NameMatch match{person.begin, person.end, NamePhrases::kRoot, {}};
    match.errors.count = person.errors;
    propose({MentionKind::kPerson, person.id, NameForm::kFull, 0, 1}, match, words_[person.end - 1].end, person.score,
            true, false);
  }

  std::vector<Mention> finish(std::size_t limit) {
    prefer_the_known();
    std::vector<Found> kept;
    std::copy_if(found_.begin(), found_.end(), std::back_inserter(kept), [&](const Found& one) {
      return std::none_of(found_.begin(), found_.end(), [&](const Found& other) { return displaces(other, one); });
    });
    std::stable_sort(kept.begin(), kept.end(), [](const Found& a, const Found& b) {
      if (a.mention.score != b.mention.score) return a.mention.score > b.mention.score;
      return a.mention.begin < b.mention.begin;
    });
    std::vector<Mention> mentions;
    for (const Found& one : kept) {
      const auto readings = std::count_if(mentions.begin(), mentions.end(), [&](const Mention& other) {
        return other.kind == one.mention.kind && other.begin == one.mention.begin;
      });
      if (mentions.size() < limit && readings < static_cast<std::ptrdiff_t>(kReadings)) mentions.push_back(one.mention);
    }
    return mentions;
  }

 private:
  // A year after a title confirms it and selects the movie. True if a year in parentheses or of a movie was used.
  bool add_dated(const NameMatch& match, const NameSurface& surface) {
    if (match.end >= words_.size()) return false;
    const SentenceWord& next = words_[match.end];
    const std::int32_t year = year_of(next);
    if (year == kUnknown || (next.mark != 0 && next.mark != '(')) return false;
    bool any = false;
    for (const NameTarget& target : phrases_.targets(match.node)) {
      if (target.kind != MentionKind::kMovie || match.nickname) continue;
      if (std::abs(phrases_.catalog().year(target.id) - year) > 1) continue;
      any = true;
      const double form = target.form == NameForm::kFull ? 1 : 0.9;
      const double near = phrases_.catalog().year(target.id) == year ? 1 : 0.97;
      const double score =
          (match.errors.count > 0 ? movie_evidence(target, match, surface).factor : match.factor) * form * near;
      const bool closes = next.end < text_.size() && text_[next.end] == ')';
      if (score > 0) propose(target, match, next.end + (closes ? 1 : 0), score, false, true);
    }
    return any || next.mark == '(';
  }

  void propose(const NameTarget& target, const NameMatch& match, std::size_t end, double score, bool weak, bool dated) {
    const double known = target.kind == MentionKind::kMovie ? std::max(phrases_.catalog().votes(target.id), 0)
                                                            : phrases_.fame(target.id);
    const Found one{{target.kind, target.id, words_[match.begin].begin, end, score, match.errors.count, weak},
                    match.begin,
                    match.end,
                    dated,
                    known};
    const auto same = std::find_if(found_.begin(), found_.end(), [&](const Found& other) {
      return other.mention.kind == target.kind && other.mention.id == target.id && other.mention.begin < end &&
             one.mention.begin < other.mention.end;
    });
    if (same == found_.end()) {
      found_.push_back(one);
    } else if (score > same->mention.score) {
      *same = one;
    }
  }

  // Whether a sure movie ends before word `at`, with nothing but "and", "or" and articles between.
  bool movie_ends_before(std::size_t at) const {
    const bool capital = words_[at].capital;
    while (at > 0 && (is_left_out(words_[at - 1].folded) || words_[at - 1].folded == "or")) --at;
    return std::any_of(found_.begin(), found_.end(), [&](const Found& one) {
      return one.mention.kind == MentionKind::kMovie && one.mention.score > 0.75 &&
             one.end + (one.dated ? 1 : 0) == at && (capital || !words_[one.begin].capital);
    });
  }

  bool movie_begins_after(std::size_t at) const {
    const bool capital = at > 0 && words_[at - 1].capital;
    while (at < words_.size() && (is_left_out(words_[at].folded) || words_[at].folded == "or")) ++at;
    return std::any_of(found_.begin(), found_.end(), [&](const Found& one) {
      return one.mention.kind == MentionKind::kMovie && one.mention.score > 0.75 && one.begin == at &&
             (capital || !words_[one.begin].capital);
    });
  }

  // Whether a list goes on at word `at`: after a comma, "and", "or".
  bool is_joined(std::size_t at) const {
    const auto joins = [&](std::size_t word) {
      return words_[word].mark != 0 || words_[word].folded == "and" || words_[word].folded == "or";
    };
    if (joins(at)) return true;
    while (at > 0 && (is_left_out(words_[at - 1].folded) || words_[at - 1].folded == "or")) {
      if (joins(--at)) return true;
    }
    return false;
  }

  // "Hitchcock" and "Lincoln" are rather a director than a movie that few know, and the other way round.
  void prefer_the_known() {
    for (Found& movie : found_) {
      if (movie.mention.kind != MentionKind::kMovie || movie.dated) continue;
      for (const Found& person : found_) {
        if (person.mention.kind != MentionKind::kPerson || person.begin != movie.begin || person.end != movie.end)
          continue;
        if (person.known > 10 * movie.known)
          movie.mention.score = std::min(movie.mention.score, 0.95 * person.mention.score);
      }
    }
  }

  // A name inside a longer one is part of it; of two that overlap, the better one counts.
  static bool displaces(const Found& other, const Found& one) {
    const Mention &a = other.mention, &b = one.mention;
    if (a.begin >= b.end || b.begin >= a.end || (a.begin == b.begin && other.end == one.end)) {
      return other.dated && !one.dated && a.begin < b.end && b.begin < a.end;
    }
    const std::size_t longer = other.end - other.begin, shorter = one.end - one.begin;
    if (a.begin <= b.begin && b.end <= a.end && (longer > shorter || other.dated)) return a.score >= 0.7 * b.score;
    if (b.begin <= a.begin && a.end <= b.end) return a.score * 0.7 > b.score;
    return a.score * static_cast<double>(longer) > b.score * static_cast<double>(shorter) ||
           (a.score * static_cast<double>(longer) == b.score * static_cast<double>(shorter) && a.begin < b.begin);
  }

  const NamePhrases& phrases_;
  std::string_view text_;
  const Words& words_;
  bool expects_person_;
  std::vector<Found> found_;
};

}  // namespace

MentionFinder::MentionFinder(const MovieCatalog& catalog) : impl_(std::make_unique<Impl>(catalog)) {}
MentionFinder::~MentionFinder() = default;

std::vector<Mention> MentionFinder::find(std::string_view text, const MentionOptions& options) const {
  const Memory& seen = impl_->look_at(text);
  Collector collector(impl_->phrases, text, seen.words, options.expects_person);
  for (const NameMatch& match : seen.matches) collector.add(match);
  for (const NameMatch& match : seen.matches) collector.add(match);  // now that their neighbors are known
  for (const MisspelledPerson& person : misspelled_people(seen.words, impl_->phrases)) collector.add(person);
  return collector.finish(options.limit);
}

std::vector<UnknownTitle> MentionFinder::find_unknown_titles(std::string_view text,
                                                             std::span<const Mention> known) const {
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (const Mention& mention : known) places.emplace_back(mention.begin, mention.end);
  return unknown_titles(text, sentence_words(text), places,
                        [&](std::string_view word) { return impl_->phrases.is_given_name(word); });
}

}  // namespace matinee
