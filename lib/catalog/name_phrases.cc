#include "lib/catalog/name_phrases.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <utility>

#include "lib/base/words.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/name_words.h"
#include "lib/catalog/title_parts.h"

namespace matinee {
namespace {

constexpr std::size_t kMaxWords = 10;            // words of a phrase
constexpr std::size_t kTargets = 5;              // movies, and people, of one phrase
constexpr std::size_t kSeriesSize = 3;           // movies that must share the beginning of their titles
constexpr int kBearers = 3;                      // of a given name
constexpr std::int32_t kKnownByGivenName = 800;  // rank down to which a given name may identify a person
constexpr MovieId kKnownMovie = 1500;            // rank of a movie that one English word of its title may name
constexpr std::int32_t kKnown = 2000;            // rank of a well-known person
constexpr std::int32_t kKnownSqueezed = 3000;    // rank down to which a full name written as one word is looked for

std::size_t content_words(std::span<const std::string_view> words) {
  return static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(), [](std::string_view w) { return !is_function_word(w); }));
}

char article_of(std::string_view folded) {
  return folded.starts_with("the ") ? 't' : folded.starts_with("a ") || folded.starts_with("an ") ? 'a' : '\0';
}

}  // namespace

NamePhrases::NamePhrases(const MovieCatalog& catalog) : catalog_(catalog) {
  for (const std::string& genre : catalog.genres()) genres_.insert(fold_name(genre));
  rank_people();
  count_given_names();
  for (MovieId movie = 0; movie < catalog.size(); ++movie) add_movie(movie);
  add_series();
  for (PersonId person = 0; person < catalog.people_count(); ++person) add_person(person);
  add_nicknames();
  for (auto& targets : targets_) finish(targets);
  words_.build();
}

void NamePhrases::rank_people() {
  const auto people = static_cast<std::size_t>(catalog_.people_count());
  fame_.assign(people, 0);
  const auto at = [](PersonId person) { return static_cast<std::size_t>(person); };
  for (MovieId movie = 0; movie < catalog_.size(); ++movie) {
    const double votes = std::max(catalog_.votes(movie), 0) + 1.0;
    double billing = 1;
    for (const PersonId person : catalog_.cast(movie)) {
      fame_[at(person)] += votes * billing;
      billing *= 0.85;
    }
    for (const PersonId person : catalog_.directors(movie)) fame_[at(person)] += votes;
    for (const PersonId person : catalog_.writers(movie)) fame_[at(person)] += votes / 2;
  }
  std::vector<PersonId> order(people);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](PersonId a, PersonId b) { return fame_[at(a)] > fame_[at(b)]; });
  fame_rank_.resize(people);
  for (std::size_t rank = 0; rank < people; ++rank) fame_rank_[at(order[rank])] = static_cast<std::int32_t>(rank);
}

void NamePhrases::count_given_names() {
  for (PersonId person = 0; person < catalog_.people_count(); ++person) {
    const std::string name = fold_name(catalog_.person_name(person));
    const std::size_t end = name.find(' ');
    if (end == name.npos) continue;
    if (fame_rank(person) < kKnown) {
      known_people_[name.substr(0, end)].push_back(person);
      known_people_[name.substr(name.rfind(' ') + 1)].push_back(person);
    }
    given_name_fame_[name.substr(0, end)] += fame(person);
    ++given_name_bearers_[name.substr(0, end)];
  }
}

bool NamePhrases::is_genre(std::string_view folded) const { return genres_.contains(std::string(folded)); }

int NamePhrases::given_name_bearers(std::string_view folded) const {
  const auto found = given_name_bearers_.find(std::string(folded));
  return found == given_name_bearers_.end() ? 0 : found->second;
}

bool NamePhrases::is_given_name(std::string_view folded) const {
  return given_name_bearers(folded) >= kBearers || !full_given_name(folded).empty();
}

std::span<const PersonId> NamePhrases::known_people(std::string_view folded) const {
  const auto found = known_people_.find(std::string(folded));
  return found == known_people_.end() ? std::span<const PersonId>() : found->second;
}

NamePhrases::Node NamePhrases::child(Node node, WordId word) const {
  if (word == SpellingIndex::kNone) return kRoot;
  return edges_.find(node, word);
}

std::span<const NamePhrases::WordId> NamePhrases::meanings(WordId nickname) const {
  const auto found = meanings_.find(nickname);
  return found == meanings_.end() ? std::span<const WordId>() : found->second;
}

NamePhrases::Node NamePhrases::walk(std::span<const std::string_view> words) {
  Node node = kRoot;
  for (const std::string_view word : words) {
    const WordId number = words_.add(word);
    Node next = edges_.find(node, number);
    if (next == kRoot) {
      next = static_cast<Node>(targets_.size());
      edges_.insert(node, number, next);
      targets_.emplace_back();
    }
    node = next;
  }
  return node;
}

NamePhrases::Node NamePhrases::find(std::span<const std::string_view> words) const {
  Node node = kRoot;
  for (const std::string_view word : words) {
    node = child(node, words_.exact(word));
    if (node == kRoot) break;
  }
  return node;
}

void NamePhrases::add_target(Node node, const NameTarget& target) {
  auto& targets = targets_[node];
  for (NameTarget& other : targets) {
    if (other.kind == target.kind && other.id == target.id) {
      if (target.form < other.form) other = target;
      return;
    }
  }
  targets.push_back(target);
}

void NamePhrases::add(std::string_view folded, const NameTarget& target) {
  const auto words = name_words(folded);
  if (words.empty() || words.size() > kMaxWords || folded.size() < 2) return;
  add_target(walk(words), target);
  if (words.size() < 2 || words.size() > 3 || target.form > NameForm::kNickname) return;
  if (target.kind == MentionKind::kPerson && fame_rank(target.id) > kKnownSqueezed) return;
  std::string squeezed;
  for (const std::string_view word : words) squeezed += word;
  if (squeezed.size() < 4 || is_english_form(squeezed) || is_number(squeezed)) return;
  const std::string_view whole = squeezed;
  NameTarget one_word = target;
  one_word.form = NameForm::kSqueezed;
  add_target(walk({&whole, 1}), one_word);
}

void NamePhrases::add_title(MovieId movie, std::string_view title) {
  const std::string folded = fold_name(title);
  add(folded, {MentionKind::kMovie, movie, NameForm::kFull, article_of(folded), 1});
  if (const std::string letters = digits_as_letters(folded); !letters.empty())
    add(letters, {MentionKind::kMovie, movie, NameForm::kFull, article_of(letters), 1});
  // "The Lord of the Rings: The Two Towers" is also found by the part before or after the colon.
  for (const TitlePart& part : title_parts(title)) {
    // "Anchorman"
    const bool known = part.leads && movie < kKnownMovie && !is_common_word(part.folded);
    const NameForm form = part.identifies || known ? NameForm::kPart : NameForm::kBarePart;
    add(part.folded, {MentionKind::kMovie, movie, form, article_of(part.folded), 1});
  }
}

// "Der Untergang"; one of English or everyday foreign words needs quotation marks.
void NamePhrases::add_other_title(MovieId movie, std::string_view title) {
  const std::string folded = fold_name(title);
  const auto words = name_words(folded);
  const bool plain = std::all_of(words.begin(), words.end(), [](std::string_view word) {
    return is_english_form(word) || is_never_name(word) || is_number(word) || word.size() < 3;
  });
  const NameForm form = plain || folded.size() < 5 ? NameForm::kBarePart : NameForm::kOther;
  add(folded, {MentionKind::kMovie, movie, form, article_of(folded), 1});
}

void NamePhrases::add_movie(MovieId movie) {
  add_title(movie, catalog_.title(movie));
  if (catalog_.original_title(movie) != catalog_.title(movie)) add_title(movie, catalog_.original_title(movie));
  for (const std::string_view title : catalog_.other_titles(movie)) add_other_title(movie, title);
}

void NamePhrases::add_series() {
  std::unordered_map<Node, std::vector<MovieId>> films;
  for (MovieId movie = 0; movie < catalog_.size(); ++movie) {
    const std::string folded = fold_name(catalog_.title(movie));
    const auto words = name_words(folded);
    Node node = kRoot;
    for (std::size_t i = 0; i + 1 < std::min(words.size(), kMaxWords); ++i) {
      node = child(node, words_.exact(words[i]));
      if (node == kRoot) break;  // a title of too many words is no phrase
      const auto beginning = std::span(words).first(i + 1);
      if (i >= 1 && content_words(beginning) >= 2 && !is_function_word(words[i])) films[node].push_back(movie);
    }
  }
  for (const auto& [node, movies] : films) {
    if (movies.size() < kSeriesSize) continue;
    for (std::size_t i = 0; i < std::min(movies.size(), kTargets); ++i)
      add_target(node, {MentionKind::kMovie, movies[i], NameForm::kSeries, '\0', 1});
  }
}

void NamePhrases::add_person(PersonId person) {
  const std::string name = fold_name(catalog_.person_name(person));
  const NameTarget full{MentionKind::kPerson, person, NameForm::kFull, '\0', 1};
  const auto as = [&](NameForm form) {
    NameTarget target = full;
    target.form = form;
    return target;
  };
  add(name, full);
  std::vector<std::string> words;
  for_each_piece(name, ' ', [&](std::string_view word) { words.emplace_back(word); });
  if (words.size() > 2 && (words.back() == "jr" || words.back() == "sr" || words.back() == "iii")) words.pop_back();
  if (words.size() < 2) return;
  // Without middle initials: "Samuel Jackson".
  std::string plain = words.front();
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].size() > 1) plain += ' ' + words[i];
  }
  if (plain != name && plain.find(' ') != plain.npos) add(plain, full);
  const std::string& surname = words.back();
  if (surname.size() > 2) add(surname, as(NameForm::kSurname));
  // "De Niro", "Van Damme", "Bonham Carter"; "Robert Deniro"
  if (words.size() > 2 && words[words.size() - 2].size() > 1) {
    const std::string& middle = words[words.size() - 2];
    add(middle + ' ' + surname, as(NameForm::kSurname));
    if (words.size() == 3) add(words.front() + ' ' + middle + surname, full);
  }
  const std::string& given = words.front();
  if (given.size() > 2 && fame_rank(person) < kKnownByGivenName) {
    NameTarget target = as(NameForm::kGivenName);
    target.share = static_cast<float>(fame(person) / given_name_fame_[given]);
    add(given, target);
  }
}

void NamePhrases::add_nicknames() {
  for (const auto& [nickname, name] : nicknames()) {
    if (name.find(' ') == std::string_view::npos) {
      meanings_[words_.add(nickname)].push_back(words_.add(name));
      continue;
    }
    const std::string folded = fold_name(name);
    const auto bearers = targets_[find(name_words(folded))];  // a copy: adding makes nodes
    for (NameTarget target : bearers) {
      if (target.kind != MentionKind::kPerson) continue;
      target.form = NameForm::kNickname;
      add(nickname, target);
    }
  }
}

// A short form means the movie of that very title unless the other is much better known.
double NamePhrases::prominence(const NameTarget& target) const {
  constexpr std::array<double, 9> kWeights{1, 0.2, 0.05, 0.3, 0.5, 0.1, 0.05, 0.1, 0.02};  // of each NameForm
  const double known =
      target.kind == MentionKind::kPerson ? fame(target.id) : std::max(catalog_.votes(target.id), 0) + 1.0;
  return known * kWeights[static_cast<std::size_t>(target.form)];
}

// Sets the shares of surnames, and sorts and shortens the list.
void NamePhrases::finish(std::vector<NameTarget>& targets) const {
  double bearers = 0;
  for (const NameTarget& target : targets) bearers += target.form == NameForm::kSurname ? fame(target.id) : 0;
  for (NameTarget& target : targets) {
    if (target.form == NameForm::kSurname && bearers > 0) target.share = static_cast<float>(fame(target.id) / bearers);
  }
  std::sort(targets.begin(), targets.end(), [&](const NameTarget& a, const NameTarget& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    const double x = prominence(a), y = prominence(b);
    return x != y ? x > y : a.id < b.id;
  });
  std::array<std::size_t, 2> count{};
  std::erase_if(targets, [&](const NameTarget& target) {
    return ++count[target.kind == MentionKind::kMovie ? 0 : 1] > kTargets;
  });
}

}  // namespace matinee
