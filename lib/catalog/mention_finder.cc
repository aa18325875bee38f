// Names are phrases of words in a trie, which is walked from each word of the text. A word of the text also matches
// words that differ by a typing error, the meaning of a nickname, and itself joined with the next word.
#include "lib/catalog/mention_finder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <unordered_map>

#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/sentence_words.h"
#include "lib/catalog/spelling_index.h"

namespace matinee {
namespace {

using Node = std::uint32_t;
using WordId = SpellingIndex::WordId;

constexpr std::size_t kMaxWords = 10;    // words of a name
constexpr std::size_t kTargets = 5;      // movies and people of one phrase
constexpr std::size_t kSeriesSize = 3;   // movies that must share the beginning of their titles for it to be a name
constexpr float kKnownByGivenName = 25;  // weight from which a given name alone identifies a person (see weigh_people)

// Confidence of each form of a name.
constexpr float kPart = 0.8f, kSeries = 0.75f, kSurname = 0.6f, kGivenName = 0.45f, kSqueezed = 0.95f,
                kPersonNickname = 0.9f;
constexpr double kNicknameFactor = 0.95, kJoinedFactor = 0.95, kPlainWordsFactor = 0.8;

// Dropped from names and from texts alike: "Lord of Rings", "Fast & Furious", "Matrix, The".
bool is_left_out(std::string_view word) { return word == "the" || word == "a" || word == "an" || word == "and"; }

std::string_view without_roman(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNumerals{
      {{"ii", "2"}, {"iii", "3"}, {"iv", "4"}, {"vi", "6"}, {"vii", "7"}, {"viii", "8"}, {"ix", "9"}, {"xi", "11"}}};
  for (const auto& [roman, number] : kNumerals) {
    if (word == roman) return number;
  }
  return word;
}

std::vector<std::string_view> split_words(std::string_view folded) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < folded.size();) {
    const std::size_t end = std::min(folded.find(' ', begin), folded.size());
    words.push_back(without_roman(folded.substr(begin, end - begin)));
    begin = end + 1;
  }
  return words;
}

// The words of a name without the dropped ones; all words if none remains ("The The").
std::vector<std::string_view> key_words(std::string_view folded) {
  const auto all = split_words(folded);
  std::vector<std::string_view> kept;
  std::copy_if(all.begin(), all.end(), std::back_inserter(kept), [](std::string_view w) { return !is_left_out(w); });
  return kept.empty() ? all : kept;
}

std::size_t content_words(std::span<const std::string_view> words) {
  return static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(), [](std::string_view w) { return !is_function_word(w); }));
}

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

// A word or number that does not identify a name.
bool is_plain(std::string_view word) {
  return is_common_word(word) || std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// An inflected everyday word ("robots", "laughed") is not a misspelled name.
bool is_form_of_english_word(std::string_view word) {
  if (is_english_word(word)) return true;
  for (const std::string_view ending : {"s", "es", "d", "ed", "ing", "er", "ers", "ly", "y"}) {
    if (word.size() > ending.size() + 2 && word.ends_with(ending) &&
        is_english_word(word.substr(0, word.size() - ending.size()))) {
      return true;
    }
  }
  return is_english_word(std::string(word) + "s");
}

struct Target {
  MentionKind kind;
  std::int32_t id;
  float score;
};

// One reading of a word of the text.
struct Reading {
  WordId word;
  int errors;
  double factor;
  bool owner;  // without its possessive 's
};

// A part of the text that matches a phrase.
struct Match {
  std::size_t begin, end;  // words
  Node node;
  int errors;
  double factor;
  bool owner;
};

}  // namespace

struct MentionFinder::Impl {
  explicit Impl(const MovieCatalog& movie_catalog) : catalog(movie_catalog) {
    edges.reserve(static_cast<std::size_t>(catalog.size()) * 8);
    weigh_people();
    for (MovieId movie = 0; movie < catalog.size(); ++movie) add_movie(movie);
    add_series();
    for (PersonId person = 0; person < catalog.people_count(); ++person) add_person(person);
    add_nicknames();
    for (auto& targets : targets_of) keep_best(targets);
    spelling.build();
  }

  // ---- Building -----------------------------------------------------------------------------------------------------
  void weigh_people() {
    weight.assign(static_cast<std::size_t>(catalog.people_count()), 0);
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      const double votes = std::log1p(std::max(catalog.votes(movie), 0)) + 1;
      double billing = 1;
      for (const PersonId person : catalog.cast(movie)) {
        weight[static_cast<std::size_t>(person)] += static_cast<float>(votes * billing);
        billing *= 0.8;
      }
      for (const PersonId person : catalog.directors(movie))
        weight[static_cast<std::size_t>(person)] += static_cast<float>(votes);
    }
  }

  Node walk(std::span<const std::string_view> words) {
    Node node = 0;
    for (const std::string_view word : words) {
      const auto [edge, fresh] = edges.try_emplace(key(node, spelling.add(word)), static_cast<Node>(targets_of.size()));
      if (fresh) targets_of.emplace_back();
      node = edge->second;
    }
    return node;
  }

  void add_target(Node node, const Target& target) {
    auto& targets = targets_of[node];
    for (Target& other : targets) {
      if (other.kind == target.kind && other.id == target.id) {
        other.score = std::max(other.score, target.score);
        return;
      }
    }
    targets.push_back(target);
  }

  bool is_minor_person(const Target& target) const {
    return target.kind == MentionKind::kPerson && weight[static_cast<std::size_t>(target.id)] <= kKnownByGivenName;
  }

  void add(std::string_view folded, const Target& target) {
    const auto words = key_words(folded);
    if (words.empty() || words.size() > kMaxWords || folded.size() < 2) return;
    add_target(walk(words), target);
    // "spiderman", "walle", "deniro"; full names only for well-known people.
    if (words.size() < 2 || words.size() > 3 || is_minor_person(target)) return;
    std::string squeezed;
    for (const std::string_view word : words) squeezed += word;
    if (squeezed.size() < 4 || is_english_word(squeezed)) return;
    const std::string_view whole = squeezed;
    add_target(walk({&whole, 1}), {target.kind, target.id, target.score * kSqueezed});
  }

  void add_movie(MovieId movie) {
    for (const std::string_view title : {catalog.title(movie), catalog.original_title(movie)}) {
      add(fold_name(title), {MentionKind::kMovie, movie, 1});
      // "The Lord of the Rings: The Two Towers" is also found by the part before or after the colon.
      std::size_t begin = 0;
      while (begin < title.size()) {
        const std::size_t end =
            std::min({title.find(": ", begin), title.find(" - ", begin), title.find(" \u2013 ", begin), title.size()});
        if (begin == 0 && end == title.size()) break;
        const std::string part = fold_name(title.substr(begin, end - begin));
        const auto words = key_words(part);
        const bool plain = std::all_of(words.begin(), words.end(), [](std::string_view w) { return is_plain(w); });
        if (part.size() >= 5 && (content_words(words) >= 2 || !plain)) add(part, {MentionKind::kMovie, movie, kPart});
        begin = std::min(title.size(), title.find(' ', std::min(title.size(), end + 1)));
        begin = begin < title.size() ? begin + 1 : begin;
      }
    }
  }

  // The common beginning of the titles of a series ("Harry Potter") is a name of its movies.
  void add_series() {
    std::unordered_map<Node, std::vector<MovieId>> films;
    for (MovieId movie = 0; movie < catalog.size(); ++movie) {
      const std::string folded = fold_name(catalog.title(movie));
      const auto words = key_words(folded);
      Node node = 0;
      for (std::size_t i = 0; i + 1 < std::min(words.size(), kMaxWords); ++i) {
        node = child(node, spelling.exact(words[i]));
        if (node == 0) break;  // a title of too many words is no phrase
        if (i >= 1 && content_words(std::span(words).first(i + 1)) >= 2) films[node].push_back(movie);
      }
    }
    for (const auto& [node, movies] : films) {
      if (movies.size() < kSeriesSize) continue;
      for (std::size_t i = 0; i < std::min(movies.size(), kTargets); ++i)
        add_target(node, {MentionKind::kMovie, movies[i], kSeries});
    }
  }

  void add_person(PersonId person) {
    const std::string name = fold_name(catalog.person_name(person));
    const Target target{MentionKind::kPerson, person, 1};
    add(name, target);
    auto words = split_words(name);
    if (words.size() > 2 && (words.back() == "jr" || words.back() == "sr" || words.back() == "3")) words.pop_back();
    if (words.size() < 2) return;
    // Without middle initials: "Samuel Jackson".
    std::string plain(words.front());
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i].size() > 1) plain += ' ' + std::string(words[i]);
    }
    if (plain != name) add(plain, {MentionKind::kPerson, person, 0.95f});
    const std::string surname(words.back());
    if (surname.size() > 2) add(surname, {MentionKind::kPerson, person, kSurname});
    // "De Niro", "Van Damme", "Bonham Carter"; "Robert Deniro"
    if (words.size() > 2 && words[words.size() - 2].size() > 1) {
      const std::string middle(words[words.size() - 2]);
      add(middle + ' ' + surname, {MentionKind::kPerson, person, kSurname + 0.1f});
      if (words.size() == 3)
        add(std::string(words.front()) + ' ' + middle + surname, {MentionKind::kPerson, person, kSqueezed});
    }
    if (weight[static_cast<std::size_t>(person)] > kKnownByGivenName && words.front().size() > 2)
      add(words.front(), {MentionKind::kPerson, person, kGivenName});
  }

  void add_nicknames() {
    for (const auto& [nickname, name] : nicknames()) {
      const std::string folded = fold_name(name);
      if (name.find(' ') == std::string_view::npos) {
        given_names[spelling.add(nickname)].push_back(spelling.add(name));
        continue;
      }
      const auto words = key_words(folded);
      Node node = 0;
      for (const std::string_view word : words) {
        node = child(node, spelling.exact(word));
        if (node == 0) break;
      }
      if (node == 0) continue;
      const auto bearers = targets_of[node];  // a copy: adding makes nodes
      for (const Target& target : bearers) {
        if (target.kind == MentionKind::kPerson) add(nickname, {target.kind, target.id, kPersonNickname});
      }
    }
  }

  double prominence(const Target& target) const {
    return target.kind == MentionKind::kPerson ? static_cast<double>(weight[static_cast<std::size_t>(target.id)])
                                               : std::max(catalog.votes(target.id), 0) + 1.0;
  }

  // Most likely first; a phrase with many targets keeps the best-known ones.
  void keep_best(std::vector<Target>& targets) const {
    std::sort(targets.begin(), targets.end(), [&](const Target& a, const Target& b) {
      if (a.score != b.score) return a.score > b.score;
      if (a.kind != b.kind) return a.kind < b.kind;
      const double x = prominence(a), y = prominence(b);
      return x != y ? x > y : a.id < b.id;
    });
    if (targets.size() > kTargets) targets.resize(kTargets);
  }

  bool is_genre(std::string_view word) const {
    return std::any_of(catalog.genres().begin(), catalog.genres().end(),
                       [&](const std::string& genre) { return fold_name(genre) == word; });
  }

  // ---- Finding ------------------------------------------------------------------------------------------------------
  static std::uint64_t key(Node node, WordId word) { return static_cast<std::uint64_t>(node) << 32 | word; }

  // 0 (the root) if there is no such child.
  Node child(Node node, WordId word) const {
    if (word == SpellingIndex::kNone) return 0;
    const auto edge = edges.find(key(node, word));
    return edge == edges.end() ? 0 : edge->second;
  }

  std::vector<Reading> readings(const SentenceWord& word) const {
    std::vector<Reading> found;
    const auto exact = [&](std::string_view text, bool owner) {
      const WordId id = spelling.exact(without_roman(text));
      if (id != SpellingIndex::kNone) found.push_back({id, 0, 1, owner});
      if (const auto names = given_names.find(id); names != given_names.end()) {
        for (const WordId name : names->second) found.push_back({name, 0, kNicknameFactor, owner});
      }
    };
    exact(word.folded, false);
    if (!word.owner.empty()) exact(word.owner, true);
    if (is_common_word(word.folded) || has_digit(word.folded)) return found;
    const std::string& text = word.owner.empty() ? word.folded : word.owner;
    for (const auto& near : spelling.near(text)) found.push_back({near.word, near.errors, 1, !word.owner.empty()});
    return found;
  }

  // All phrases that continue from `match.node` at word `at` of the text.
  void follow(const std::vector<SentenceWord>& words, const std::vector<std::vector<Reading>>& read, std::size_t at,
              Match match, std::vector<Match>& found) const {
    if (at == words.size() || at - match.begin >= kMaxWords + 2) return;
    const auto step = [&](Node next, std::size_t end, int errors, double factor, bool owner) {
      if (next == 0 || match.errors + errors > 3) return;
      const Match longer{match.begin, end, next, match.errors + errors, match.factor * factor, owner};
      if (!targets_of[next].empty()) found.push_back(longer);
      if (!owner) follow(words, read, end, longer, found);
    };
    for (const Reading& reading : read[at]) {
      if (reading.factor < 1 && at != match.begin) continue;  // nicknames replace given names, so they come first
      step(child(match.node, reading.word), at + 1, reading.errors, reading.factor, reading.owner);
    }
    if (at + 1 < words.size()) {
      const bool plain = is_common_word(words[at].folded) && is_common_word(words[at + 1].folded);
      const WordId joined = plain ? SpellingIndex::kNone : spelling.exact(words[at].folded + words[at + 1].folded);
      step(child(match.node, joined), at + 2, 0, kJoinedFactor, false);
    }
    if (at > match.begin && is_left_out(words[at].folded)) follow(words, read, at + 1, match, found);
  }

  const MovieCatalog& catalog;
  std::vector<float> weight;  // of each person, from movies, votes and billing
  SpellingIndex spelling;
  std::unordered_map<std::uint64_t, Node> edges;
  std::vector<std::vector<Target>> targets_of{1};  // of each node
  std::unordered_map<WordId, std::vector<WordId>> given_names;
};

namespace {

// After "seen", "called", "something like", a title is more likely than a word.
bool announces_title(const std::vector<SentenceWord>& words, std::size_t last) {
  constexpr std::array<std::string_view, 8> kCues{"seen",   "saw",   "watched", "rewatched",
                                                  "called", "named", "titled",  "entitled"};
  constexpr std::array<std::string_view, 11> kThings{"something", "anything", "movie",   "movies", "film", "films",
                                                     "one",       "ones",     "similar", "closer", "more"};
  const std::string& cue = words[last].folded;
  if (std::find(kCues.begin(), kCues.end(), cue) != kCues.end()) return true;
  if (last == 0) return false;
  const std::string& thing = words[last - 1].folded;
  return (cue == "like" && std::find(kThings.begin(), kThings.end(), thing) != kThings.end()) ||
         (cue == "to" && thing == "similar");
}

// Evidence for a name from the spelling of a part of the text; 0 is none.
double credibility(const std::vector<SentenceWord>& words, const Match& match, bool root_has_exact) {
  std::size_t letters = 0, content = 0, counted = 0;
  std::string phrase;
  bool all_common = true, quoted = true, any_name = false, all_capital = true;
  for (std::size_t i = match.begin; i < match.end; ++i) {
    const SentenceWord& word = words[i];
    letters += word.folded.size();
    quoted = quoted && word.quoted;
    if (is_left_out(word.folded)) continue;
    const bool function = is_function_word(word.folded);
    ++counted;
    content += function ? 0 : 1;
    all_common = all_common && is_plain(word.folded);
    phrase += (phrase.empty() ? "" : " ") + word.folded;
    any_name = any_name || word.name_like;
    all_capital = all_capital && (word.capital || (function && match.end - match.begin > 1));
  }
  if (match.errors > 0) {
    const int allowed = letters < 6 ? (counted == 1 && letters == 5 ? 1 : 0) : letters < 10 ? 1 : letters < 18 ? 2 : 3;
    if (match.errors > allowed) return 0;
    if (counted == 1 && (root_has_exact || is_form_of_english_word(words[match.end - 1].folded))) return 0;
    const double each = letters >= 8 ? 0.85 : 0.7;
    return std::pow(each, match.errors) * match.factor;
  }
  if (counted > 1 && !quoted && !any_name && is_common_word(phrase)) return 0;
  std::size_t before = match.begin;
  while (before > 0 && is_left_out(words[before - 1].folded)) --before;
  if (!all_common || quoted || (before == 0 && match.end == words.size())) return match.factor;
  if (any_name && all_capital) return 0.9 * match.factor;
  const bool title_follows = content >= 1 && before > 0 && announces_title(words, before - 1);
  return content >= 2 || counted >= 4 || (content >= 1 && counted >= 3) || title_follows
             ? kPlainWordsFactor * match.factor
             : 0;
}

}  // namespace

MentionFinder::MentionFinder(const MovieCatalog& catalog) : impl_(std::make_unique<Impl>(catalog)) {}
MentionFinder::~MentionFinder() = default;

std::vector<Mention> MentionFinder::find(std::string_view text, std::size_t limit) const {
  const std::vector<SentenceWord> words = sentence_words(text);
  std::vector<std::vector<Reading>> read;
  read.reserve(words.size());
  for (const SentenceWord& word : words) read.push_back(impl_->readings(word));
  std::vector<Mention> found;
  const auto propose = [&](const Target& target, const Match& match, std::size_t end, double score) {
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const Mention& m) { return m.kind == target.kind && m.id == target.id; });
    const Mention mention{target.kind, target.id, words[match.begin].begin, end, score, match.errors};
    if (same == found.end()) {
      found.push_back(mention);
    } else if (score > same->score) {
      *same = mention;
    }
  };
  std::vector<Match> matches;
  for (std::size_t begin = 0; begin < words.size(); ++begin) {
    matches.clear();
    impl_->follow(words, read, begin, {begin, begin, 0, 0, 1, false}, matches);
    const Node alone = impl_->child(0, impl_->spelling.exact(words[begin].folded));
    for (const Match& match : matches) {
      const auto& targets = impl_->targets_of[match.node];
      const std::size_t end = match.owner ? words[match.end - 1].owner_end : words[match.end - 1].end;
      const double factor = credibility(words, match, alone != 0 && !impl_->targets_of[alone].empty());
      // A year after a title confirms it and selects the movie.
      const std::int32_t year = match.end < words.size() ? year_of(words[match.end]) : kUnknown;
      bool dated = false;
      for (const Target& target : targets) {
        if (year == kUnknown || target.kind != MentionKind::kMovie) continue;
        if (std::abs(impl_->catalog.year(target.id) - year) > 1) continue;
        dated = true;
        const double score = static_cast<double>(target.score) * (match.errors > 0 ? factor : 1);
        if (score > 0) propose(target, match, words[match.end].end, score);
      }
      if (dated) continue;
      for (const Target& target : targets) {
        // A person's full name counts even if its words are everyday words ("will smith").
        const bool whole_name = target.kind == MentionKind::kPerson && target.score >= 0.9f && match.errors == 0 &&
                                match.end - match.begin > 1;
        // "the rock": a nickname with its article.
        const bool nickname = target.kind == MentionKind::kPerson && target.score == kPersonNickname &&
                              match.errors == 0 && match.begin > 0 && words[match.begin - 1].folded == "the";
        const double score = static_cast<double>(target.score) * (whole_name || nickname ? match.factor : factor);
        // "good" and "comedy" are answers, not people.
        const bool answer = match.end == words.size() && match.end - match.begin == 1 && match.begin <= 1 &&
                            is_plain(words[match.begin].folded) && !words[match.begin].quoted &&
                            (target.kind == MentionKind::kPerson || impl_->is_genre(words[match.begin].folded));
        if (score > 0 && (!answer || nickname)) propose(target, match, end, score);
      }
    }
  }
  // A name inside a longer one of similar score is part of it.
  std::vector<Mention> kept;
  for (const Mention& mention : found) {
    const bool inside = std::any_of(found.begin(), found.end(), [&](const Mention& other) {
      const bool longer = other.end - other.begin > mention.end - mention.begin;
      return longer && other.begin <= mention.begin && mention.end <= other.end && other.score >= 0.7 * mention.score;
    });
    if (!inside) kept.push_back(mention);
  }
  std::stable_sort(kept.begin(), kept.end(), [&](const Mention& a, const Mention& b) {
    if (a.score != b.score) return a.score > b.score;
    return a.begin < b.begin;
  });
  if (kept.size() > limit) kept.resize(limit);
  return kept;
}

}  // namespace matinee
