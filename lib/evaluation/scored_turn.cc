#include "lib/evaluation/scored_turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <set>

#include "lib/base/list_members.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/span_text.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

constexpr std::array<std::string_view, 13> kKeys{"genres", "not_genres", "years", "runtime",  "popularity",
                                                 "people", "not_people", "liked", "disliked", "seen",
                                                 "any",    "drop",       "asks"};
// The facts that the labels name where a question is within their form.
constexpr std::array<std::string_view, 7> kLabelledFacts{"cast",    "director", "writer", "year",
                                                         "runtime", "genres",   "rating"};

bool names_movies(std::string_view key) { return key == "liked" || key == "disliked" || key == "seen"; }
bool names_people(std::string_view key) { return key == "people" || key == "not_people"; }

std::string value_text(const JsonNode& node) { return node.is_string() ? node.string() : node.text(); }

// The scored pairs of an update in JSON.
std::vector<SlotPair> pairs_of(const JsonNode& update, bool beyond) {
  std::vector<SlotPair> pairs;
  for (const auto& [key, node] : update.fields()) {
    if (!holds(kKeys, key)) continue;
    const bool list = node.is_array() && key != "years" && key != "runtime";
    const std::vector<JsonNode> values = list ? node.array() : std::vector<JsonNode>{node};
    for (const JsonNode& value : values) {
      std::string text = value_text(value);
      if (key == "asks" && beyond && !holds(kLabelledFacts, text)) continue;
      pairs.emplace_back(key, std::move(text));
    }
  }
  return pairs;
}

// "Heat (1995) [tt0113277]" in its parts; the year is 0 where there is none.
std::pair<std::string_view, std::int32_t> title_and_year(std::string_view name) {
  if (const std::size_t id = name.rfind(" [tt"); id != name.npos) name = name.substr(0, id);
  const std::size_t open = name.rfind(" (");
  std::int32_t year = 0;
  if (open == name.npos || !name.ends_with(')')) return {name, 0};
  const char* const end = name.data() + name.size() - 1;
  if (std::from_chars(name.data() + open + 2, end, year).ptr != end) return {name, 0};
  return {name.substr(0, open), year};
}

std::string person_key(std::string_view name) {
  return fold_name(name.substr(0, std::min(name.find(" ("), name.find(" ["))));
}

bool same_years(std::string_view gold, std::string_view found) {
  const auto span = years_of_text(found);
  if (!span) return gold == found;
  if (gold == "OLD") return span->low <= 1930 && span->high <= 2010;
  if (gold == "NEW") return span->low >= 2000 && span->high >= 2026;
  return years_of_text(gold) == span;
}

}  // namespace

ScoredTurn parse_scored_turn(std::string_view json) {
  return read_json(json, "labelled turn", [](const JsonNode& root) {
    const auto act = [](const JsonNode& node) {
      const auto found = user_act_from_name(node.view());
      if (!found) throw node.unexpected("an act of the user");
      return *found;
    };
    ScoredTurn turn;
    turn.id = root.get("id").string();
    turn.state = root.get("state").string();
    turn.text = root.get("user").string();
    turn.before = root.string_or("system", "");
    const JsonNode gold = root.get("gold");
    turn.act = act(gold.get("act"));
    if (root.has("also_acts")) {
      for (const JsonNode& also : root["also_acts"].array()) turn.also_acts.push_back(act(also));
    }
    turn.beyond = root["beyond"].size() > 0;
    turn.gold = pairs_of(gold, turn.beyond);
    if (root.has("optional")) {
      for (const JsonNode& pair : root["optional"].array()) {
        const std::vector<JsonNode> parts = pair.array();
        if (parts.size() != 2) throw pair.unexpected("a key and a value");
        turn.optional.emplace_back(parts[0].string(), value_text(parts[1]));
      }
    }
    return turn;
  });
}

GoldNames::GoldNames(const MovieCatalog& catalog) : catalog_(catalog) {
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const std::string title = fold_title(catalog.title(movie)), original = fold_title(catalog.original_title(movie));
    by_title_.emplace(title, movie);
    if (original != title) by_title_.emplace(original, movie);
  }
  for (PersonId person = 0; person < catalog.people_count(); ++person)
    ++people_[fold_name(catalog.person_name(person))];
}

std::vector<MovieId> GoldNames::movies(std::string_view name) const {
  const auto [title, year] = title_and_year(name);
  std::vector<MovieId> found;
  const auto [first, last] = by_title_.equal_range(fold_title(title));
  for (auto entry = first; entry != last; ++entry) {
    if (year == 0 || std::abs(catalog_.year(entry->second) - year) <= 1) found.push_back(entry->second);
  }
  return found;
}

bool GoldNames::has_person(std::string_view name) const { return people_.contains(person_key(name)); }

bool GoldNames::lacks(const SlotPair& gold) const {
  return (names_movies(gold.first) && gold.second != "@" && movies(gold.second).empty()) ||
         (names_people(gold.first) && !has_person(gold.second));
}

bool GoldNames::same(const SlotPair& gold, const SlotPair& found, MovieId standing) const {
  if (gold.first != found.first) return false;
  if (names_movies(gold.first)) {
    if (gold.second == "@") return standing >= 0 && found.second == catalog_.display_name(standing);
    const std::vector<MovieId> meant = movies(gold.second);
    return std::any_of(meant.begin(), meant.end(),
                       [&](MovieId movie) { return found.second == catalog_.display_name(movie); });
  }
  if (names_people(gold.first)) return person_key(gold.second) == person_key(found.second);
  if (gold.first == "years") return same_years(gold.second, found.second);
  return gold.second == found.second;
}

double TurnScore::Slots::precision() const {
  return right + wrong == 0 ? 0 : static_cast<double>(right) / static_cast<double>(right + wrong);
}
double TurnScore::Slots::recall() const {
  return right + missing == 0 ? 0 : static_cast<double>(right) / static_cast<double>(right + missing);
}
double TurnScore::Slots::f1() const {
  const double p = precision(), r = recall();
  return p + r == 0 ? 0 : 2 * p * r / (p + r);
}

TurnScore::Slots TurnScore::slots() const {
  Slots all;
  for (const auto& [key, slots] : by_key) {
    all.right += slots.right;
    all.wrong += slots.wrong;
    all.missing += slots.missing;
  }
  return all;
}

void TurnScore::add(const ScoredTurn& turn, const PreferenceUpdate& found, MovieId standing, const GoldNames& names) {
  const std::string json = to_json(found, names.catalog());
  const std::vector<SlotPair> given =
      read_json(json, "update", [&](const JsonNode& root) { return pairs_of(root, turn.beyond); });
  std::vector<bool> used(given.size());
  ComparedTurn compared{turn.id, turn.before, turn.text, turn.act, found.act, true, {}, {}, {}};
  for (const SlotPair& gold : turn.gold) {
    if (names.lacks(gold)) continue;
    std::size_t hit = 0;
    while (hit < given.size() && (used[hit] || !names.same(gold, given[hit], standing))) ++hit;
    Slots& slots = by_key[gold.first];
    if (hit < given.size()) {
      used[hit] = true;
      ++slots.right;
      compared.right.push_back(gold);
    } else {
      ++slots.missing;
      compared.missing.push_back(gold);
    }
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto allowed = [&](const SlotPair& pair) { return names.same(pair, given[i], standing); };
    if (used[i] || std::any_of(turn.optional.begin(), turn.optional.end(), allowed)) continue;
    ++by_key[given[i].first].wrong;
    compared.wrong.push_back(given[i]);
  }
  compared.act_right = found.act == turn.act || holds(turn.also_acts, found.act);
  acts.add(compared.act_right);
  exact.add(compared.faults() == 0);
  by_act[name_of(turn.act)].add(compared.act_right);
  by_state[turn.state.substr(0, turn.state.find(':'))].add(compared.faults() == 0);
  turns.push_back(std::move(compared));
}

void TurnScore::add(const TurnScore& other) {
  turns.insert(turns.end(), other.turns.begin(), other.turns.end());
  acts.add(other.acts);
  exact.add(other.exact);
  for (const auto& [key, slots] : other.by_key) {
    Slots& mine = by_key[key];
    mine.right += slots.right;
    mine.wrong += slots.wrong;
    mine.missing += slots.missing;
  }
  for (const auto& [key, ratio] : other.by_act) by_act[key].add(ratio);
  for (const auto& [key, ratio] : other.by_state) by_state[key].add(ratio);
}

std::string score_json(const std::vector<std::pair<std::string, TurnScore>>& columns) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("turns", columns.empty() ? 0 : columns.front().second.acts.all);
  for (const auto& [name, score] : columns) {
    const TurnScore::Slots slots = score.slots();
    json.key(name).begin_object().field("act", score.acts.share()).field("slots_precision", slots.precision());
    json.field("slots_recall", slots.recall()).field("slots_f1", slots.f1()).field("exact", score.exact.share());
    json.end_object();
  }
  json.end_object();
  return out;
}

std::string score_table(const std::vector<std::pair<std::string, TurnScore>>& columns) {
  std::string text = fmt::format("{:<26}", columns.empty() ? "" : fmt::format("{} turns", columns[0].second.acts.all));
  for (const auto& [name, score] : columns) text += fmt::format(" {:>9}", name);
  text += '\n';
  const auto row = [&](const std::string& title, const auto& value) {
    text += fmt::format("{:<26}", title);
    for (const auto& [name, score] : columns) text += fmt::format(" {:>9.3f}", value(score));
    text += '\n';
  };
  row("act", [](const TurnScore& score) { return score.acts.share(); });
  row("slots: precision", [](const TurnScore& score) { return score.slots().precision(); });
  row("slots: recall", [](const TurnScore& score) { return score.slots().recall(); });
  row("slots: F1", [](const TurnScore& score) { return score.slots().f1(); });
  row("exactly right", [](const TurnScore& score) { return score.exact.share(); });
  std::set<std::string> keys, acts, states;
  for (const auto& [name, score] : columns) {
    for (const auto& [key, slots] : score.by_key) keys.insert(key);
    for (const auto& [act, ratio] : score.by_act) acts.insert(act);
    for (const auto& [state, ratio] : score.by_state) states.insert(state);
  }
  for (const std::string& key : keys) {
    row("F1 of " + key, [&](const TurnScore& score) {
      const auto found = score.by_key.find(key);
      return found == score.by_key.end() ? 0 : found->second.f1();
    });
  }
  const auto ratio_of = [](const auto& ratios, const std::string& key) {
    const auto found = ratios.find(key);
    return found == ratios.end() ? 0 : found->second.share();
  };
  for (const std::string& act : acts) {
    const std::int64_t all = columns[0].second.by_act.contains(act) ? columns[0].second.by_act.at(act).all : 0;
    row(fmt::format("act {} ({})", act, all), [&](const TurnScore& score) { return ratio_of(score.by_act, act); });
  }
  for (const std::string& state : states)
    row("exactly right: " + state, [&](const TurnScore& score) { return ratio_of(score.by_state, state); });
  return text;
}

}  // namespace matinee
