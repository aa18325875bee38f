#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lib/catalog/edge_table.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/spelling_index.h"

namespace matinee {

enum class MentionKind { kMovie, kPerson };

/// How a phrase names its target.
enum class NameForm {
  kFull,       ///< the whole name; of a person also without middle initials
  kPart,       ///< a title up to or from a colon, dash, "or" or parenthesis
  kSeries,     ///< the beginning that the titles of at least three movies share
  kSqueezed,   ///< written as one word: "spiderman", "deniro"
  kNickname,   ///< "the rock"
  kSurname,    ///< also "de niro"
  kGivenName,  ///< only of well-known people
  kOther,      ///< a title in another country
  kBarePart,   ///< a part of a title that does not identify it by itself: "Dune" of "Dune: Part One"
};

/// A movie or person that a phrase may name.
struct NameTarget {
  MentionKind kind;
  std::int32_t id;
  NameForm form;
  char article;  ///< of a title, its first letter: 't', 'a', or 0
  float share;   ///< of a surname or given name: part of the fame of all its bearers, 0 to 1
};

/// The names of a catalog as phrases of standard words (name_words.h) in a trie. Immutable once made.
class NamePhrases {
 public:
  using Node = std::uint32_t;
  using WordId = SpellingIndex::WordId;
  static constexpr Node kRoot = 0;

  explicit NamePhrases(const MovieCatalog& catalog);

  const MovieCatalog& catalog() const { return catalog_; }
  const SpellingIndex& words() const { return words_; }
  /// kRoot if no phrase goes on with this word.
  Node child(Node node, WordId word) const;
  /// Of the phrase that ends here: at most five of each kind, best first.
  std::span<const NameTarget> targets(Node node) const { return targets_[node]; }
  /// Given names that a nickname stands for ("bob": "robert").
  std::span<const WordId> meanings(WordId nickname) const;

  /// Whether at least three people of the catalog have this given name (folded).
  bool is_given_name(std::string_view folded) const;
  int given_name_bearers(std::string_view folded) const;
  bool is_genre(std::string_view folded) const;
  /// Well-known people with this word of their names, given name or surname (folded).
  std::span<const PersonId> known_people(std::string_view folded) const;
  /// Votes for the movies of a person, by billing; directors count fully, writers half.
  double fame(PersonId person) const { return fame_[static_cast<std::size_t>(person)]; }
  /// Number of people with more fame.
  std::int32_t fame_rank(PersonId person) const { return fame_rank_[static_cast<std::size_t>(person)]; }

 private:
  void rank_people();
  void count_given_names();
  Node walk(std::span<const std::string_view> words);
  Node find(std::span<const std::string_view> words) const;
  void add_target(Node node, const NameTarget& target);
  void add(std::string_view folded, const NameTarget& target);
  void add_movie(MovieId movie);
  void add_title(MovieId movie, std::string_view title);
  void add_other_title(MovieId movie, std::string_view title);
  void add_series();
  void add_person(PersonId person);
  void add_nicknames();
  void finish(std::vector<NameTarget>& targets) const;
  double prominence(const NameTarget& target) const;

  const MovieCatalog& catalog_;
  std::vector<double> fame_;
  std::vector<std::int32_t> fame_rank_;
  std::unordered_map<std::string, double> given_name_fame_;
  std::unordered_map<std::string, int> given_name_bearers_;
  std::unordered_set<std::string> genres_;
  std::unordered_map<std::string, std::vector<PersonId>> known_people_;
  SpellingIndex words_;
  EdgeTable edges_;
  std::vector<std::vector<NameTarget>> targets_{1};
  std::unordered_map<WordId, std::vector<WordId>> meanings_;
};

}  // namespace matinee
