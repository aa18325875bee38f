#include "lib/catalog/mention_finder.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "lib/catalog/common_words.h"
#include "lib/catalog/title_index.h"

namespace matinee {
namespace {

constexpr std::size_t kMaxWords = 8;       // of a name
constexpr std::size_t kBearers = 3;        // people proposed for a surname
constexpr std::size_t kShortestFuzzy = 5;  // letters of a name in which a typing error is looked for
constexpr std::size_t kLongestFuzzy = 32;

struct Word {
  std::string folded;
  std::size_t begin, end;
  bool capital;  // begins with an upper-case letter or a digit
  bool first;    // of a sentence, where a capital says nothing
  bool quoted;
};

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '\'';
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  bool first = true, quoted = false;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    // A dot inside a name ("J.J. Abrams", "E.T.") ends no sentence.
    if (!is_word_byte(c) || (c == '\'' && (i == 0 || !is_word_byte(text[i - 1])))) {
      if (c == '"' || c == '*') quoted = !quoted;
      if (c == '!' || c == '?' || c == '\n' || (c == '.' && i + 1 < text.size() && text[i + 1] == ' ')) first = true;
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() &&
           (is_word_byte(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_word_byte(text[end + 1]))))
      ++end;
    Word word{fold_name(text.substr(i, end - i)), i, end, false, first, quoted};
    // "Hanks's", "Nolan's films": the name is what stands before.
    if (word.folded.size() > 2 && end - i > 2 && text.substr(end - 2, 2) == "'s") {
      word.folded.pop_back();
      word.end -= 2;
    } else if (word.folded.size() > 2 && end - i > 4 && text.substr(end - 4, 4) == "\u2019s") {
      word.folded.pop_back();
      word.end -= 4;
    }
    word.capital = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (!word.folded.empty()) words.push_back(std::move(word));
    first = false;
    i = end;
  }
  return words;
}

struct Target {
  MentionKind kind;
  std::int32_t id;
  float score;  // how surely the phrase means it
};

}  // namespace

struct MentionFinder::Impl {
  explicit Impl(const MovieCatalog& movie_catalog) : catalog(movie_catalog) {
    weigh_people();
    for (MovieId movie = 0; movie < catalog.size(); ++movie) add_movie(movie);
    for (PersonId person = 0; person < catalog.people_count(); ++person) add_person(person);
    for (auto& [phrase, targets] : phrases) keep_best(targets);
    for (const auto& [phrase, targets] : phrases) {
      if (phrase.size() < kShortestFuzzy || phrase.size() > kLongestFuzzy) continue;
      const auto number = static_cast<std::uint32_t>(fuzzy.size());
      fuzzy.push_back(&phrase);
      for_deletions(phrase, [&](const std::string& shorter) { deletions.emplace_back(hash(shorter), number); });
    }
    std::sort(deletions.begin(), deletions.end());
  }

  static std::uint64_t hash(std::string_view text) { return std::hash<std::string_view>{}(text); }

  // The phrase itself and all that lack one byte: two phrases one error apart share one of these (SymSpell).
  template <class Use>
  static void for_deletions(const std::string& phrase, const Use& use) {
    use(phrase);
    std::string shorter;
    for (std::size_t i = 0; i < phrase.size(); ++i) {
      if (i > 0 && phrase[i] == phrase[i - 1]) continue;
      shorter.assign(phrase, 0, i).append(phrase, i + 1, std::string::npos);
      use(shorter);
    }
  }

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

  void add(const std::string& phrase, MentionKind kind, std::int32_t id, float score) {
    if (phrase.size() < 2) return;
    auto& targets = phrases[phrase];
    for (Target& target : targets) {
      if (target.kind == kind && target.id == id) {
        target.score = std::max(target.score, score);
        return;
      }
    }
    targets.push_back({kind, id, score});
  }

  void add_movie(MovieId movie) {
    for (const std::string_view title : {catalog.title(movie), catalog.original_title(movie)}) {
      add(fold_title(title), MentionKind::kMovie, movie, 1);
      add(fold_name(title), MentionKind::kMovie, movie, 1);
      // "The Lord of the Rings: The Two Towers" is also called by what stands before or behind the colon.
      const std::size_t colon = title.find(": ");
      if (colon == std::string_view::npos) continue;
      for (const std::string_view part : {title.substr(0, colon), title.substr(colon + 2)}) {
        const std::string folded = fold_title(part);
        if (folded.size() >= 5 && !is_common_word(folded)) add(folded, MentionKind::kMovie, movie, 0.8f);
      }
    }
  }

  void add_person(PersonId person) {
    const std::string name = fold_name(catalog.person_name(person));
    add(name, MentionKind::kPerson, person, 1);
    const std::size_t first_space = name.find(' '), last_space = name.rfind(' ');
    if (last_space == std::string::npos) return;
    const std::string given = name.substr(0, first_space), surname = name.substr(last_space + 1);
    if (surname != "jr" && surname != "sr" && surname.size() > 2) add(surname, MentionKind::kPerson, person, 0.6f);
    // "Van Damme", "De Niro", "Bonham Carter": the surname may have two words.
    if (first_space != last_space) add(name.substr(first_space + 1), MentionKind::kPerson, person, 0.8f);
    givens[given].push_back(person);
    if (weight[static_cast<std::size_t>(person)] > 25) add(given, MentionKind::kPerson, person, 0.45f);
  }

  double prominence(const Target& target) const {
    return target.kind == MentionKind::kPerson ? weight[static_cast<std::size_t>(target.id)]
                                               : std::max(catalog.votes(target.id), 0) + 1.0;
  }

  // Most likely first; a phrase that many share means its best-known bearers.
  void keep_best(std::vector<Target>& targets) const {
    std::sort(targets.begin(), targets.end(), [&](const Target& a, const Target& b) {
      if (a.score != b.score) return a.score > b.score;
      if (a.kind != b.kind) return a.kind < b.kind;
      const double x = prominence(a), y = prominence(b);
      return x != y ? x > y : a.id < b.id;
    });
    if (targets.size() > kBearers + 2) targets.resize(kBearers + 2);
  }

  // Phrases that are one typing error from `phrase`.
  template <class Use>
  void for_close(const std::string& phrase, const Use& use) const {
    std::vector<std::uint32_t> seen;
    for_deletions(phrase, [&](const std::string& shorter) {
      const std::uint64_t key = hash(shorter);
      for (auto it = std::lower_bound(deletions.begin(), deletions.end(), std::pair(key, 0u));
           it != deletions.end() && it->first == key; ++it) {
        if (std::find(seen.begin(), seen.end(), it->second) != seen.end()) continue;
        seen.push_back(it->second);
        const std::string& candidate = *fuzzy[it->second];
        if (candidate != phrase && edit_distance(phrase, candidate, 1) == 1) use(candidate);
      }
    });
  }

  const MovieCatalog& catalog;
  std::vector<float> weight;  // of people: films, votes and billing
  std::unordered_map<std::string, std::vector<Target>> phrases;
  std::unordered_map<std::string, std::vector<PersonId>> givens;
  std::vector<const std::string*> fuzzy;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> deletions;  // hash of a shortened phrase, number in `fuzzy`
};

MentionFinder::MentionFinder(const MovieCatalog& catalog) : impl_(std::make_unique<Impl>(catalog)) {}
MentionFinder::~MentionFinder() = default;

std::vector<Mention> MentionFinder::find(std::string_view text, std::size_t limit) const {
  const std::vector<Word> words = words_of(text);
  std::vector<Mention> found;
  const auto propose = [&](const std::vector<Target>& targets, std::size_t begin, std::size_t end, double factor) {
    for (const Target& target : targets) {
      const double score = factor * static_cast<double>(target.score);
      const auto same = std::find_if(found.begin(), found.end(),
                                     [&](const Mention& m) { return m.kind == target.kind && m.id == target.id; });
      if (same == found.end()) {
        found.push_back({target.kind, target.id, words[begin].begin, words[end - 1].end, score});
      } else if (score > same->score) {
        *same = {target.kind, target.id, words[begin].begin, words[end - 1].end, score};
      }
    }
  };
  for (std::size_t begin = 0; begin < words.size(); ++begin) {
    std::string phrase;
    bool all_common = true, written_as_name = false, quoted = true;
    for (std::size_t end = begin + 1; end <= std::min(words.size(), begin + kMaxWords); ++end) {
      const Word& word = words[end - 1];
      if (!phrase.empty()) phrase += ' ';
      phrase += word.folded;
      all_common = all_common && is_common_word(word.folded);
      written_as_name = written_as_name || (word.capital && !word.first);
      quoted = quoted && word.quoted;
      const std::size_t count = end - begin;
      const bool whole_message = count == words.size();
      // "up", "her", "you and me": everyday words are a name only where they are written as one.
      const bool plausible = !all_common || quoted || written_as_name || whole_message || count >= 4;
      if (!plausible) continue;
      if (const auto exact = impl_->phrases.find(phrase); exact != impl_->phrases.end()) {
        propose(exact->second, begin, end, all_common && !quoted && !whole_message ? 0.9 : 1);
      } else if (phrase.size() >= kShortestFuzzy && !all_common && (count > 1 || !is_common_word(phrase))) {
        impl_->for_close(phrase, [&](const std::string& candidate) {
          // A single everyday word one letter off a name is that word.
          if (count == 1 && is_common_word(candidate)) return;
          propose(impl_->phrases.at(candidate), begin, end, phrase.size() >= 8 ? 0.85 : 0.7);
        });
      }
      // "Bob De Niro": the nickname's full form in place of the first word. And both words misspelt: near the full
      // names of those who share the surname.
      if (count < 2 || count > 4) continue;
      const std::string rest = phrase.substr(words[begin].folded.size() + 1);
      if (const std::string_view full = full_given_name(words[begin].folded); !full.empty()) {
        const auto formal = impl_->phrases.find(std::string(full) + " " + rest);
        if (formal != impl_->phrases.end()) propose(formal->second, begin, end, 0.95);
      }
      if (phrase.size() < 9) continue;
      impl_->for_close(rest, [&](const std::string& surname) {
        for (const Target& target : impl_->phrases.at(surname)) {
          if (target.kind != MentionKind::kPerson) continue;
          if (edit_distance(phrase, fold_name(impl_->catalog.person_name(target.id)), 2) <= 2) {
            propose({{target.kind, target.id, 1}}, begin, end, 0.75);
          }
        }
      });
    }
  }
  // A name inside a surer, longer name is part of it.
  std::vector<Mention> kept;
  for (const Mention& mention : found) {
    const bool inside = std::any_of(found.begin(), found.end(), [&](const Mention& other) {
      const bool longer = other.end - other.begin > mention.end - mention.begin;
      return longer && other.begin <= mention.begin && mention.end <= other.end && other.score >= mention.score;
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
