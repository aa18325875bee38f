// The JSON form of preference states and updates, and their slot-value pairs.
#include <simdjson.h>

#include <algorithm>
#include <functional>

#include "lib/base/format_error.h"
#include "lib/dialogue/preference_state.h"
#include "lib/dialogue/span_text.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

// Calls list(key, names), span(key, span) or word(key, text) for each value of the state, in the order of the JSON.
void visit(const PreferenceState& state, const MovieCatalog& catalog,
           const std::function<void(const char*, const std::vector<std::string>&)>& list,
           const std::function<void(const char*, Span)>& span,
           const std::function<void(const char*, const char*)>& word) {
  const auto names = [](const auto& ids, const auto& name) {
    std::vector<std::string> all;
    all.reserve(ids.size());
    for (const auto id : ids) all.emplace_back(name(id));
    return all;
  };
  const auto genre = [&](GenreId id) { return catalog.genres()[static_cast<std::size_t>(id)]; };
  const auto person = [&](PersonId id) { return catalog.person_display_name(id); };
  const auto movie = [&](MovieId id) { return catalog.display_name(id); };
  if (!state.genres.empty()) list("genres", names(state.genres, genre));
  if (!state.not_genres.empty()) list("not_genres", names(state.not_genres, genre));
  if (state.years) span("years", *state.years);
  if (state.runtime) span("runtime", *state.runtime);
  if (state.popularity != Popularity::kAny) word("popularity", name_of(state.popularity));
  if (!state.people.empty()) list("people", names(state.people, person));
  if (!state.not_people.empty()) list("not_people", names(state.not_people, person));
  if (!state.liked.empty()) list("liked", names(state.liked, movie));
  if (!state.disliked.empty()) list("disliked", names(state.disliked, movie));
  if (!state.seen.empty()) list("seen", names(state.seen, movie));
}

void write_state(JsonWriter& json, const PreferenceState& state, const MovieCatalog& catalog) {
  visit(
      state, catalog,
      [&](const char* key, const std::vector<std::string>& names) {
        json.key(key).begin_array();
        for (const std::string& name : names) json.string(name);
        json.end_array();
      },
      [&](const char* key, Span span) {
        json.field(key, key == std::string_view("years") ? years_text(span) : runtime_text(span));
      },
      [&](const char* key, const char* value) { json.field(key, value); });
}

std::vector<std::pair<std::string, std::string>> pairs_of(const PreferenceState& state, const MovieCatalog& catalog) {
  std::vector<std::pair<std::string, std::string>> pairs;
  visit(
      state, catalog,
      [&](const char* key, const std::vector<std::string>& names) {
        for (const std::string& name : names) pairs.emplace_back(key, name);
      },
      [&](const char* key, Span span) { pairs.emplace_back(key, fmt::format("{}-{}", span.low, span.high)); },
      [&](const char* key, const char* value) { pairs.emplace_back(key, value); });
  return pairs;
}

class Reader {
 public:
  explicit Reader(const MovieCatalog& catalog) : catalog_(catalog) {}

  PreferenceUpdate read(std::string_view json, bool is_update) {
    simdjson::dom::parser parser;
    const simdjson::padded_string text(json);
    simdjson::dom::object root;
    if (parser.parse(text).get(root) != simdjson::SUCCESS)
      throw bad_data("preferences: expected one line with a JSON object");
    PreferenceUpdate update;
    bool has_act = false;
    for (const auto field : root) {
      key_ = std::string(field.key);
      if (is_update && read_update_key(field.value, update, has_act)) continue;
      if (!read_state_key(field.value, update.said)) throw bad_data("preferences: unknown key \"{}\"", key_);
    }
    if (is_update && !has_act) throw bad_data("preferences: act is missing");
    return update;
  }

 private:
  bool read_update_key(simdjson::dom::element value, PreferenceUpdate& update, bool& has_act) {
    if (key_ == "act") {
      update.act = named(value, user_act_from_name);
      has_act = true;
    } else if (key_ == "any" || key_ == "drop") {
      auto& slots = key_ == "any" ? update.any : update.drop;
      each(value, [&](simdjson::dom::element item) { add(slots, named(item, slot_from_name)); });
    } else if (key_ == "asks") {
      update.asks = named(value, fact_from_name);
    } else {
      return false;
    }
    return true;
  }

  bool read_state_key(simdjson::dom::element value, PreferenceState& state) {
    if (key_ == "genres" || key_ == "not_genres") {
      auto& to = key_ == "genres" ? state.genres : state.not_genres;
      each(value, [&](simdjson::dom::element item) { add(to, known(item, "genre", catalog_.genre_id(text(item)))); });
    } else if (key_ == "people" || key_ == "not_people") {
      auto& to = key_ == "people" ? state.people : state.not_people;
      each(value, [&](simdjson::dom::element item) {
        add(to, known(item, "person", catalog_.find_person_display_name(text(item))));
      });
    } else if (key_ == "liked" || key_ == "disliked" || key_ == "seen") {
      auto& to = key_ == "liked" ? state.liked : key_ == "disliked" ? state.disliked : state.seen;
      each(value,
           [&](simdjson::dom::element item) { add(to, known(item, "movie", catalog_.find_display_name(text(item)))); });
    } else if (key_ == "years") {
      state.years = span(value, years_of_text, "\"1990s\", \"since 1985\" or [1985,1994]");
    } else if (key_ == "runtime") {
      state.runtime = span(value, runtime_of_text, "\"up to 100\", \"at least 140\" or [90,120]");
    } else if (key_ == "popularity") {
      const std::string_view word = text(value);
      if (word != "popular" && word != "hidden")
        throw bad_data("preferences: popularity: expected popular or hidden, found \"{}\"", word);
      state.popularity = word == "popular" ? Popularity::kPopular : Popularity::kHidden;
    } else {
      return false;
    }
    return true;
  }

  std::string_view text(simdjson::dom::element value) const {
    std::string_view word;
    if (value.get(word) != simdjson::SUCCESS) throw bad_data("preferences: {}: expected a string", key_);
    return word;
  }

  template <class Use>
  void each(simdjson::dom::element value, const Use& use) const {
    simdjson::dom::array items;
    if (value.get(items) != simdjson::SUCCESS) throw bad_data("preferences: {}: expected a list", key_);
    for (const auto item : items) use(item);
  }

  template <class T>
  T known(simdjson::dom::element value, const char* what, std::optional<T> found) const {
    if (!found) throw bad_data("preferences: {}: the catalog has no {} \"{}\"", key_, what, text(value));
    return *found;
  }

  template <class T>
  T named(simdjson::dom::element value, std::optional<T> (*find)(std::string_view)) const {
    const auto found = find(text(value));
    if (!found) throw bad_data("preferences: {}: unknown word \"{}\"", key_, text(value));
    return *found;
  }

  template <class T>
  static void add(std::vector<T>& list, T value) {
    if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
  }

  // A span as text, or its two ends as a list.
  Span span(simdjson::dom::element value, std::optional<Span> (*of_text)(std::string_view), const char* example) const {
    std::string_view word;
    if (value.get(word) == simdjson::SUCCESS) {
      const auto found = of_text(word);
      if (!found) throw bad_data("preferences: {}: expected {}, found \"{}\"", key_, example, word);
      return *found;
    }
    simdjson::dom::array items;
    std::vector<std::int64_t> ends;
    if (value.get(items) == simdjson::SUCCESS) {
      for (const auto item : items) {
        std::int64_t end = -1;
        if (item.get(end) != simdjson::SUCCESS || end < 0 || end > 100'000) end = -1;
        ends.push_back(end);
      }
    }
    if (ends.size() != 2 || ends[0] < 0 || ends[1] < ends[0])
      throw bad_data("preferences: {}: expected {}", key_, example);
    return {static_cast<std::int32_t>(ends[0]), static_cast<std::int32_t>(ends[1])};
  }

  const MovieCatalog& catalog_;
  std::string key_;
};

}  // namespace

std::string to_json(const PreferenceState& state, const MovieCatalog& catalog) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_state(json, state, catalog);
  json.end_object();
  return out;
}

std::string to_json(const PreferenceUpdate& update, const MovieCatalog& catalog) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("act", name_of(update.act));
  write_state(json, update.said, catalog);
  const auto slots = [&](const char* key, const std::vector<Slot>& list) {
    if (list.empty()) return;
    json.key(key).begin_array();
    for (const Slot slot : list) json.string(name_of(slot));
    json.end_array();
  };
  slots("any", update.any);
  slots("drop", update.drop);
  if (update.asks) json.field("asks", name_of(*update.asks));
  json.end_object();
  return out;
}

PreferenceState parse_preference_state(std::string_view json, const MovieCatalog& catalog) {
  return Reader(catalog).read(json, false).said;
}

PreferenceUpdate parse_preference_update(std::string_view json, const MovieCatalog& catalog) {
  return Reader(catalog).read(json, true);
}

std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceState& state,
                                                             const MovieCatalog& catalog) {
  return pairs_of(state, catalog);
}

std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceUpdate& update,
                                                             const MovieCatalog& catalog) {
  auto pairs = pairs_of(update.said, catalog);
  pairs.emplace_back("act", name_of(update.act));
  for (const Slot slot : update.any) pairs.emplace_back("any", name_of(slot));
  for (const Slot slot : update.drop) pairs.emplace_back("drop", name_of(slot));
  if (update.asks) pairs.emplace_back("asks", name_of(*update.asks));
  return pairs;
}

}  // namespace matinee
