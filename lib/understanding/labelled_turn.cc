#include "lib/understanding/labelled_turn.h"

#include <algorithm>
#include <optional>

#include "lib/base/format_error.h"
#include "lib/io/json_reader.h"

namespace matinee {
namespace {

template <class T>
T known(const JsonNode& node, std::optional<T> (*find)(std::string_view)) {
  const auto value = find(node.view());
  if (!value) throw bad_data("{}: unknown word \"{}\"", node.path(), node.view());
  return *value;
}

// Splits "seen {Heat|movie liked}" into the text and its labels.
void read_marked(std::string_view marked, LabelledTurn& turn) {
  while (!marked.empty()) {
    const std::size_t open = std::min(marked.find('{'), marked.size());
    turn.text += marked.substr(0, open);
    if (open == marked.size()) return;
    const std::size_t bar = marked.find('|', open), close = marked.find('}', open);
    if (bar == marked.npos || close == marked.npos || bar > close)
      throw bad_data("marked: expected {{WORDS|KIND ROLE VALUE}}, found \"{}\"", marked.substr(open, 40));
    LabelledTurn::Label label{turn.text.size(), 0, {}, {}, {}};
    turn.text += marked.substr(open + 1, bar - open - 1);
    label.end = turn.text.size();
    std::string_view rest = marked.substr(bar + 1, close - bar - 1);
    for (std::string* part : {&label.kind, &label.role}) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      *part = rest.substr(0, space);
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    label.value = rest;
    turn.labels.push_back(std::move(label));
    marked.remove_prefix(close + 1);
  }
}

// Whether a label of this kind can be about such a mark.
bool is_about(std::string_view label, MarkKind mark) {
  switch (mark) {
    case MarkKind::kGenre: return label == "genre";
    case MarkKind::kYears:
    case MarkKind::kEra: return label == "years";
    case MarkKind::kRuntime:
    case MarkKind::kLength: return label == "runtime";
    case MarkKind::kSort: return label == "sort" || label == "years";
    case MarkKind::kRelative: return label == "relative" || label == "runtime" || label == "popularity";
    case MarkKind::kTheme:
    case MarkKind::kMood: return label == "theme";
    case MarkKind::kBeyond: return label == "beyond" || label == "theme";
    case MarkKind::kName:
    case MarkKind::kNotFound: return false;  // labelled names have marks of their own
    default: return label == name_of(mark);
  }
}

Role span_role(std::string_view value, bool unwanted) {
  if (value.starts_with("since") || value.starts_with("at least")) return unwanted ? Role::kUntil : Role::kFrom;
  if (value.starts_with("until") || value.starts_with("up to")) return unwanted ? Role::kFrom : Role::kUntil;
  if (value.starts_with("around")) return Role::kAround;
  return unwanted ? Role::kNot : Role::kWant;
}

Role role_of(const LabelledTurn::Label& label, const Mark& mark) {
  if (label.role == "none") return Role::kNone;
  const bool unwanted = label.role == "not";
  Role role = unwanted ? Role::kNot : Role::kWant;
  if (mark.kind == MarkKind::kYears || mark.kind == MarkKind::kRuntime) role = span_role(label.value, unwanted);
  if (mark.kind == MarkKind::kRuntime && role == Role::kWant) role = Role::kAround;
  if (mark.kind == MarkKind::kSort && label.kind == "sort") role = Role::kSort;
  const std::vector<Role> roles = roles_of(mark);
  return std::find(roles.begin(), roles.end(), role) == roles.end() ? Role::kNone : role;
}

// The mark of a labelled name. Its ids are placeholders: the roles do not depend on them.
std::optional<Mark> name_mark(const LabelledTurn::Label& label) {
  if (label.kind != "movie" && label.kind != "person") return {};
  Mark mark;
  mark.kind = MarkKind::kName;
  mark.begin = label.begin;
  mark.end = label.end;
  (label.kind == "movie" ? mark.movie : mark.person) = 0;
  return mark;
}

// So many words of another language make a turn one in that language. Labels have no kind for it.
constexpr std::ptrdiff_t kForeignWords = 2;
bool is_foreign(const Mark& mark) {
  return mark.kind == MarkKind::kBeyond && static_cast<Beyond>(mark.number) == Beyond::kForeign;
}

}  // namespace

LabelledTurn parse_labelled_turn(std::string_view json) {
  return read_json(json, "labelled turn", [](const JsonNode& root) {
    LabelledTurn turn;
    turn.id = root.get("id").string();
    turn.state = root.get("state").string();
    turn.reading.act = known(root.get("act"), user_act_from_name);
    read_marked(root.get("marked").view(), turn);
    if (root.has("asks")) turn.reading.asks = known(root["asks"], fact_from_name);
    if (root.has("standing")) turn.reading.standing = known(root["standing"], role_from_name);
    const auto slots = [&](std::string_view key, std::vector<Slot>& to) {
      if (!root.has(key)) return;
      for (const JsonNode& slot : root[key].array()) to.push_back(known(slot, slot_from_name));
      std::sort(to.begin(), to.end());
    };
    slots("any", turn.reading.any);
    slots("drop", turn.reading.drop);
    slots("either", turn.either);
    return turn;
  });
}

std::vector<SystemAct> acts_of_state(std::string_view state, MovieId movie, Random& random) {
  const auto ask = [](Slot slot) { return SystemAct{.kind = SystemActKind::kAsk, .slot = slot}; };
  const auto any_slot = [&] { return static_cast<Slot>(random.below(kAskableSlots)); };
  if (state == "open") {
    std::vector<SystemAct> acts{{.kind = SystemActKind::kGreet}};
    if (random.chance(0.5)) acts.push_back(ask(Slot::kGenre));
    return acts;
  }
  SystemAct offer{.kind = SystemActKind::kRecommend, .movie = movie};
  if (state == "list") {
    offer.kind = SystemActKind::kList;
    offer.candidates.resize(1);
    offer.candidates[0].movie = movie;
  } else if (random.chance(0.1)) {
    offer.kind = random.chance(0.5) ? SystemActKind::kPropose : SystemActKind::kAnswer;
  }
  std::vector<SystemAct> acts{offer};
  if (state.starts_with("q:")) {
    const auto slot = slot_from_name(state.substr(2));
    if (!slot) throw bad_data("unknown state \"{}\"", state);
    if (*slot == Slot::kGenre && random.chance(0.5)) acts = {{.kind = SystemActKind::kGreet}};
    acts.push_back(ask(*slot));
  } else if (random.chance(0.4)) {
    acts.push_back(ask(any_slot()));
  }
  return acts;
}

MarkedTurn marked_turn(const LabelledTurn& turn, const EvidenceFinder& finder, std::span<const SystemAct> acts) {
  std::vector<Mark> names;
  for (const LabelledTurn::Label& label : turn.labels) {
    if (auto mark = name_mark(label)) names.push_back(std::move(*mark));
  }
  MarkedTurn marked{finder.find_beside(names, acts, turn.text), turn.reading};
  const bool stands = TurnContext(acts).standing >= 0;
  if (!stands) marked.reading.standing = Role::kNone;
  const auto foreign = std::count_if(marked.marks.begin(), marked.marks.end(), is_foreign);
  bool genre_before = false, person_before = false;
  for (const Mark& mark : marked.marks) {
    Role role = Role::kNone;
    for (const LabelledTurn::Label& label : turn.labels) {
      if (label.begin >= mark.end || mark.begin >= label.end) continue;
      const bool is_name = label.kind == "movie" || label.kind == "person";
      if (is_name && label.begin == mark.begin && label.end == mark.end) {
        role = role_from_name(label.role).value_or(Role::kNone);
      } else if (!is_name && is_about(label.kind, mark.kind)) {
        role = role_of(label, mark);
      }
    }
    if (is_foreign(mark)) role = foreign >= kForeignWords ? Role::kWant : Role::kNone;
    const bool wanted = role == Role::kWant;
    const auto alternative = [&](Slot slot, bool& before) {
      const bool either = std::find(turn.either.begin(), turn.either.end(), slot) != turn.either.end();
      if (wanted && before && either) role = Role::kOr;
      before = before || wanted;
    };
    if (mark.kind == MarkKind::kGenre) alternative(Slot::kGenre, genre_before);
    if (mark.kind == MarkKind::kName) alternative(Slot::kPerson, person_before);
    marked.reading.roles.push_back(role);
  }
  return marked;
}

}  // namespace matinee
