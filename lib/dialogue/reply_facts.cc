#include "lib/dialogue/reply_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

constexpr std::size_t kCandidates = 16;

class Collector {
 public:
  Collector(const MovieCatalog& catalog, ReplyFacts& facts) : catalog_(catalog), facts_(facts) {}

  void name(std::string_view text, std::uint32_t of, bool required = false) {
    facts_.names.push_back({std::string(text), of, required});
  }
  void number(std::int32_t value, std::uint32_t of, bool required = false) {
    if (value != kUnknown) name(fmt::format("{}", value), of, required);
  }
  void people(std::span<const PersonId> people, std::uint32_t of, bool required = false) {
    for (const PersonId person : people) name(catalog_.person_name(person), of, required);
  }

  // The genres and the popularity of the movies; bit c of a fact is movies[c]. Facts without a bit are false of all.
  void claims(const std::vector<MovieId>& movies, bool required = false) {
    for (std::size_t genre = 0; genre < catalog_.genres().size(); ++genre) {
      const std::uint32_t of = where(movies, [&](MovieId m) { return (catalog_.genre_mask(m) >> genre & 1) != 0; });
      claim_genre(genre, of, required);
    }
    const auto fame = [&](Popularity popularity) {
      return where(movies, [&](MovieId m) { return popularity_of(catalog_, m) == popularity; });
    };
    for (const char* word : {"popular", "famous"}) facts_.claims.push_back({word, fame(Popularity::kPopular), false});
    facts_.claims.push_back({"hidden", fame(Popularity::kHidden), false});
  }

  // Only the reasons of a candidate are facts: "since you asked for a comedy" is wrong for a user who did not, even if
  // the movie is one.
  void reasons(const std::vector<Candidate>& candidates) {
    std::vector<std::uint32_t> genres(catalog_.genres().size(), 0);
    std::uint32_t popular = 0, hidden = 0;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      const std::uint32_t of = 1u << c;
      for (const Reason& reason : candidates[c].reasons) {
        switch (reason.kind) {
          case Reason::Kind::kGenre: genres[static_cast<std::size_t>(reason.id)] |= of; break;
          case Reason::Kind::kPerson: name(catalog_.person_name(reason.id), of); break;
          case Reason::Kind::kYears: number(catalog_.year(candidates[c].movie), of); break;
          case Reason::Kind::kRuntime: number(catalog_.runtime(candidates[c].movie), of); break;
          case Reason::Kind::kPopular: popular |= of; break;
          case Reason::Kind::kHidden: hidden |= of; break;
          case Reason::Kind::kSimilar: name(catalog_.display_name(reason.id), of); break;
        }
      }
    }
    for (std::size_t genre = 0; genre < genres.size(); ++genre) {
      claim_genre(genre, genres[genre], false);
    }
    for (const char* word : {"popular", "famous"}) facts_.claims.push_back({word, popular, false});
    facts_.claims.push_back({"hidden", hidden, false});
  }

  void answer(MovieId movie, Fact fact) {
    const auto text = fact_text(catalog_, movie, fact);
    claims({movie}, fact == Fact::kGenres && text);
    if (!text) return;
    switch (fact) {
      case Fact::kCast: people(catalog_.cast(movie), ~0u, true); break;
      case Fact::kDirector: people(catalog_.directors(movie), ~0u, true); break;
      case Fact::kWriter: people(catalog_.writers(movie), ~0u, true); break;
      case Fact::kYear:
      case Fact::kRuntime: name(*text, ~0u, true); break;
      case Fact::kRating:
        name(*text, ~0u, true);
        name("10", ~0u);
        break;
      default: break;
    }
    facts_.max_bytes += text->size();
  }

 private:
  void claim_genre(std::size_t genre, std::uint32_t of, bool required) {
    for (std::string& word : genre_claims(catalog_.genres()[genre]))
      facts_.claims.push_back({std::move(word), of, required});
  }

  template <class Test>
  static std::uint32_t where(const std::vector<MovieId>& movies, const Test& test) {
    std::uint32_t of = 0;
    for (std::size_t c = 0; c < movies.size(); ++c) of |= test(movies[c]) ? 1u << c : 0;
    return of;
  }

  const MovieCatalog& catalog_;
  ReplyFacts& facts_;
};

// Replies have no other words with an apostrophe, except those of the phrasebook.
constexpr std::array kContractions{
    "I'd",    "I'll",     "I'm",     "I've",    "aren't",  "can't",   "couldn't", "didn't",    "doesn't",
    "don't",  "hadn't",   "hasn't",  "haven't", "he'd",    "he'll",   "he's",     "here's",    "isn't",
    "it'd",   "it'll",    "it's",    "let's",   "she'd",   "she'll",  "she's",    "shouldn't", "that'll",
    "that's", "there's",  "they'd",  "they'll", "they're", "they've", "wasn't",   "we'd",      "we'll",
    "we're",  "we've",    "weren't", "what's",  "where's", "who'd",   "who'll",   "who's",     "who've",
    "won't",  "wouldn't", "you'd",   "you'll",  "you're",  "you've"};
// Those of them that are other words without the apostrophe.
constexpr std::array kOtherWords{"hell", "id", "ill", "its", "lets", "shed", "shell", "wed", "well", "were"};

// Adds the word, also with a typographic apostrophe.
void add_word(std::vector<std::string>& words, const std::string& word) {
  words.push_back(word);
  if (const std::size_t at = word.find('\''); at != std::string::npos)
    words.push_back(word.substr(0, at) + "\u2019" + word.substr(at + 1));
}

std::vector<std::string> lower_words(const Phrasebook& phrasebook) {
  std::vector<std::string> words = english_words();
  std::erase(words, "sci");  // half of a genre
  for (const std::string contraction : kContractions) {
    const std::string bare = fold_name(contraction);
    if (std::find(kOtherWords.begin(), kOtherWords.end(), bare) == kOtherWords.end()) std::erase(words, bare);
    if (is_lower(contraction[0])) add_word(words, contraction);
  }
  for (const std::string& word : phrasebook.words("s.")) {
    if (is_lower(word[0])) add_word(words, word);
  }
  return words;
}

}  // namespace

ReplyWords::ReplyWords(const Phrasebook& phrasebook) : lexicon_(lower_words(phrasebook)) {
  for (std::string word : kContractions) {
    word[0] = to_upper(word[0]);
    add_word(capital_words_, word);
  }
  for (const std::string& word : phrasebook.words("s.")) {
    if (!is_lower(word[0])) add_word(capital_words_, word);
  }
}

ReplyFacts reply_facts(const SystemAct& act, const MovieCatalog& catalog, const ReplyWords& words) {
  ReplyFacts facts;
  Collector collect(catalog, facts);
  facts.words = &words.lexicon();
  facts.capital_words = words.capital_words();
  for (const std::string& word : facts.capital_words) {
    if (is_first_person(word) || word == "Matinee") collect.name(word, ~0u);
  }
  if (act.movie >= 0) facts.max_bytes += catalog.display_name(act.movie).size();
  switch (act.kind) {
    case SystemActKind::kGreet:
    case SystemActKind::kAsk:
    case SystemActKind::kHelp:
    default: break;
    case SystemActKind::kClose:
      if (act.movie >= 0) collect.name(catalog.display_name(act.movie), ~0u);
      break;
    case SystemActKind::kAnswer:
      collect.name(catalog.display_name(act.movie), ~0u);
      collect.answer(act.movie, act.fact);
      break;
    case SystemActKind::kList:
    case SystemActKind::kPropose:
    case SystemActKind::kRecommend:
    case SystemActKind::kExplain: {
      const bool recommends = act.kind != SystemActKind::kExplain;
      const std::size_t count = std::min(act.candidates.size(), kCandidates);
      for (std::size_t c = 0; c < count; ++c) {
        collect.name(catalog.display_name(act.candidates[c].movie), 1u << c, recommends);
      }
      collect.reasons({act.candidates.begin(), act.candidates.begin() + static_cast<std::ptrdiff_t>(count)});
      facts.once = recommends;
      break;
    }
  }
  return facts;
}

namespace {

bool in_word(char c) { return is_upper(c) || is_digit(c) || is_lower(c) || static_cast<unsigned char>(c) >= 0x80; }

// The text with straight apostrophes only.
std::string straight(std::string_view text) {
  constexpr std::string_view kTypographic = "\u2019";
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(kTypographic, at)) != std::string::npos;)
    out.replace(at, kTypographic.size(), "'");
  return out;
}

class Checker {
 public:
  Checker(std::string_view text, const ReplyFacts& facts) : text_(straight(text)), facts_(facts) {
    for (ReplyFact& fact : facts_.names) fact.text = straight(fact.text);
    for (const ReplyFact& fact : facts.names) requires_ = requires_ || fact.required;
    for (const ReplyFact& fact : facts.claims) requires_ = requires_ || fact.required;
  }

  ReplyCheck run() {
    check_.complete = !requires_;
    while (at_ < text_.size()) {
      if (take_name() || take_capital()) {
        sentence_ = text_[at_ - 1] == '.';  // "Robert Downey Jr." may end a sentence
      } else if (in_word(text_[at_])) {
        take_word();
        sentence_ = false;
      } else {
        if (text_[at_] == '.' || text_[at_] == '!' || text_[at_] == '?') sentence_ = true;
        ++at_;
      }
    }
    return check_;
  }

 private:
  std::string_view rest() const { return std::string_view(text_).substr(at_); }
  bool stands_here(std::string_view word) const {
    if (word.empty() || !rest().starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    return end == text_.size() || !in_word(text_[end]) || !in_word(word.back());
  }

  // Takes the longest name that begins here.
  bool take_name() {
    std::size_t length = 0;
    for (const ReplyFact& fact : facts_.names) {
      if (stands_here(fact.text)) length = std::max(length, fact.text.size());
    }
    if (length == 0) return false;
    const std::string_view name = rest().substr(0, length);
    say(name, facts_.names);
    at_ += length;
    take_ending(name, !is_first_person(name));
    return true;
  }

  // An apostrophe or hyphen right after a name or a capital word. Only 's (or ' after an s) of a name and the hyphen of
  // a number ("96-minute") are right.
  void take_ending(std::string_view name, bool extends) {
    const bool hyphen = rest().starts_with('-') && rest().size() > 1 && in_word(rest()[1]);
    if (!hyphen && !rest().starts_with('\'')) return;
    if (hyphen && extends && is_digit(name.back())) return;
    std::size_t end = 1;
    while (end < rest().size() && in_word(rest()[end])) ++end;
    const std::string_view ending = rest().substr(0, end);
    const bool right = ending == "'s" || (ending == "'" && name.ends_with('s'));
    if (!extends || !right) check_.ungrounded.push_back(fmt::format("{}{}", name, ending));
    at_ += end;
  }

  bool take_capital() {
    std::size_t length = 0;
    for (const std::string& word : facts_.capital_words) {
      if (sentence_ && stands_here(word)) length = std::max(length, word.size());
    }
    const std::string_view word = rest().substr(0, length);
    at_ += length;
    if (length > 0) take_ending(word, false);
    return length > 0;
  }

  void take_word() {
    std::size_t end = at_;
    const auto joins = [&](std::size_t i) {
      return (text_[i] == '-' || text_[i] == '\'') && i + 1 < text_.size() && in_word(text_[i + 1]);
    };
    while (end < text_.size() && (in_word(text_[end]) || joins(end))) ++end;
    const std::string_view word = rest().substr(0, end - at_);
    at_ = end;
    if (std::any_of(word.begin(), word.end(), [](char c) { return is_upper(c) || is_digit(c); })) {
      check_.ungrounded.emplace_back(word);
      return;
    }
    if (is_claim(word)) return say(word, facts_.claims);
    if (facts_.words != nullptr && !facts_.words->contains(word)) check_.ungrounded.emplace_back(word);
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t stop = std::min(word.find_first_of("-'", begin), word.size());
      if (is_claim(word.substr(begin, stop - begin))) say(word.substr(begin, stop - begin), facts_.claims);
      begin = stop + 1;
    }
  }

  bool is_claim(std::string_view word) const {
    return std::any_of(facts_.claims.begin(), facts_.claims.end(), [&](const ReplyFact& f) { return f.text == word; });
  }

  void say(std::string_view word, const std::vector<ReplyFact>& among) {
    std::uint32_t of = 0;
    bool required = false;
    for (const ReplyFact& fact : among) {
      if (fact.text != word) continue;
      of |= fact.of & 0xffff;
      required = required || fact.required;
    }
    if (of == 0) {
      check_.ungrounded.emplace_back(word);
    } else if ((check_.candidates & of) == 0) {
      check_.ungrounded.push_back(fmt::format("{} / {}", before_, word));
    } else {
      if (of != 0xffff) before_ = word;
      check_.candidates &= of;
      check_.complete = check_.complete || required;
    }
  }

  const std::string text_;
  ReplyFacts facts_;
  ReplyCheck check_;
  std::string before_;
  std::size_t at_ = 0;
  bool sentence_ = true, requires_ = false;
};

}  // namespace

ReplyCheck check_reply(std::string_view text, const ReplyFacts& facts) { return Checker(text, facts).run(); }

}  // namespace matinee
