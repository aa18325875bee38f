#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/dialogue/preference_state.h"
#include "lib/evaluation/compared_turn.h"
#include "lib/evaluation/figures.h"

namespace matinee {

/// A labelled turn as a measure (docs/formats.md, testdata/turns).
struct ScoredTurn {
  std::string id, state, text;
  std::string before;  ///< what the system said, for people
  UserAct act = UserAct::kOther;
  std::vector<UserAct> also_acts;
  std::vector<SlotPair> gold;      ///< movies by name; "@": the movie that stands
  std::vector<SlotPair> optional;  ///< neither required nor wrong
  bool beyond = false;             ///< part of the turn is beyond the form of the labels
};
/// Reads one line of JSON with `gold`. Throws Error(kBadData).
ScoredTurn parse_scored_turn(std::string_view json);

/// Compares movies, people and years of labels with those of a catalog.
class GoldNames {
 public:
  explicit GoldNames(const MovieCatalog& catalog);
  /// The movies that a label means: of its title, within one year of its year. Empty if the catalog has none.
  std::vector<MovieId> movies(std::string_view name) const;
  bool has_person(std::string_view name) const;
  /// True if the catalog has none of the movies, or not the person, that the pair names.
  bool lacks(const SlotPair& gold) const;
  /// True if the found pair is what the label means. `standing`: the movie that "@" means, or -1.
  bool same(const SlotPair& gold, const SlotPair& found, MovieId standing) const;
  const MovieCatalog& catalog() const { return catalog_; }

 private:
  const MovieCatalog& catalog_;
  std::multimap<std::string, MovieId, std::less<>> by_title_;
  std::map<std::string, int, std::less<>> people_;
};

/// How well updates agree with labels. An act is right if it is the label's or one of also_acts. Movies and people that
/// the catalog lacks are not counted; nor are keys that labels do not have.
class TurnScore {
 public:
  /// `standing`: the movie that "@" means, or -1.
  void add(const ScoredTurn& turn, const PreferenceUpdate& found, MovieId standing, const GoldNames& names);
  void add(const TurnScore& other);

  struct Slots {
    std::int64_t right = 0, wrong = 0, missing = 0;
    double precision() const;
    double recall() const;
    double f1() const;
  };
  Slots slots() const;  ///< of all keys
  Ratio acts, exact;
  std::map<std::string, Slots, std::less<>> by_key;
  std::map<std::string, Ratio, std::less<>> by_act, by_state;
  std::vector<ComparedTurn> turns;  ///< without pairs that do not count
};

/// The scores as a JSON object: by name objects with act, slots_precision, slots_recall, slots_f1 and exact, and the
/// number of `turns`.
std::string score_json(const std::vector<std::pair<std::string, TurnScore>>& columns);
/// A table with a column for each score.
std::string score_table(const std::vector<std::pair<std::string, TurnScore>>& columns);

}  // namespace matinee
