// The JSON form of preference states and updates, and their slot-value pairs.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lib/base/format_error.h"
#include "lib/base/list_members.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/preference_names.h"
#include "lib/dialogue/preference_state.h"
#include "lib/dialogue/span_text.h"
#include "lib/io/json_reader.h"
#include "lib/io/json_writer.h"

namespace matinee {
namespace {

// Calls, for each key with a value in the order of the JSON, list(key, texts), text(key, text) or number(key, value).
template <class List, class Text, class Number>
class Visitor {
 public:
  Visitor(const MovieCatalog& catalog, const List& list, const Text& text, const Number& number)
      : catalog_(catalog), list_(list), text_(text), number_(number) {}

  void state(const PreferenceState& state) const {
    genres("genres", state.genres);
    genres("not_genres", state.not_genres);
    names("either", state.either);
    if (state.years) text_("years", years_text(*state.years));
    if (state.not_years) text_("not_years", years_text(*state.not_years));
    if (state.runtime) text_("runtime", runtime_text(*state.runtime));
    if (state.popularity != Popularity::kAny) text_("popularity", name_of(state.popularity));
    people("people", state.people);
    people("not_people", state.not_people);
    if (state.min_rating) number_("min_rating", *state.min_rating / 10.0);
    if (state.age) text_("age", name_of(*state.age));
    if (!state.keywords.empty()) list_("keywords", state.keywords);
    if (state.sort != SortOrder::kNone) text_("sort", name_of(state.sort));
    movies("liked", state.liked);
    movies("disliked", state.disliked);
    movies("seen", state.seen);
  }

  void update(const PreferenceUpdate& update) const {
    state(update.said);
    names("any", update.any);
    names("drop", update.drop);
    if (update.asks) text_("asks", name_of(*update.asks));
    movies("about", update.about);
    movies("pick", update.pick);
    if (update.nth != 0) number_("nth", update.nth);
    if (update.count != 0) number_("count", update.count);
    if (!update.unknown.empty()) list_("unknown", update.unknown);
    names("beyond", update.beyond);
  }

 private:
  template <class T, class Name>
  void each(const char* key, const std::vector<T>& values, const Name& name) const {
    if (values.empty()) return;
    std::vector<std::string> all;
    all.reserve(values.size());
    for (const T value : values) all.emplace_back(name(value));
    list_(key, all);
  }
  template <class T>
  void names(const char* key, const std::vector<T>& values) const {
    each(key, values, [](T value) { return name_of(value); });
  }
  void genres(const char* key, const std::vector<GenreId>& ids) const {
    each(key, ids, [&](GenreId id) { return catalog_.genres()[static_cast<std::size_t>(id)]; });
  }
  void people(const char* key, const std::vector<PersonId>& ids) const {
    each(key, ids, [&](PersonId id) { return catalog_.person_display_name(id); });
  }
  void movies(const char* key, const std::vector<MovieId>& ids) const {
    each(key, ids, [&](MovieId id) { return catalog_.display_name(id); });
  }

  const MovieCatalog& catalog_;
  const List& list_;
  const Text& text_;
  const Number& number_;
};

template <class Use>
std::string written(const MovieCatalog& catalog, const char* act, const Use& use) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (act != nullptr) json.field("act", act);
  const auto list = [&](const char* key, const std::vector<std::string>& texts) {
    json.key(key).begin_array();
    for (const std::string& text : texts) json.string(text);
    json.end_array();
  };
  const auto text = [&](const char* key, std::string_view value) { json.field(key, value); };
  const auto number = [&](const char* key, double value) { json.field(key, value); };
  use(Visitor(catalog, list, text, number));
  json.end_object();
  return out;
}

template <class Use>
std::vector<std::pair<std::string, std::string>> pairs_of(const MovieCatalog& catalog, const Use& use) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto list = [&](const char* key, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) pairs.emplace_back(key, text);
  };
  const auto text = [&](const char* key, std::string_view value) { pairs.emplace_back(key, value); };
  const auto number = [&](const char* key, double value) { pairs.emplace_back(key, fmt::format("{}", value)); };
  use(Visitor(catalog, list, text, number));
  return pairs;
}

constexpr auto kStateKeys = std::to_array<std::string_view>(
    {"genres", "not_genres", "either", "years", "not_years", "runtime", "popularity", "people", "not_people",
     "min_rating", "age", "keywords", "sort", "liked", "disliked", "seen"});

Error unknown_key(std::string_view key) {
  std::string_view nearest;
  int least = static_cast<int>(std::min<std::size_t>(key.size() / 3, 3)) + 1;
  for (const std::string_view known : kStateKeys) {
    const int errors = edit_distance(key, known, 3);
    if (errors < least) {
      least = errors;
      nearest = known;
    }
  }
  if (!nearest.empty()) return bad_data("unknown key \"{}\"; is \"{}\" meant?", key, nearest);
  return bad_data("unknown key \"{}\"; expected one of {}", key, fmt::join(kStateKeys, ", "));
}

class Reader {
 public:
  explicit Reader(const PreferenceNames& names) : names_(names) {}

  PreferenceUpdate read(std::string_view json, bool is_update) {
    return read_json(json, "preferences", [&](const JsonNode& root) {
      if (!root.is_object()) throw root.unexpected("an object");
      PreferenceUpdate update;
      bool has_act = false;
      for (const auto& [key, value] : root.fields()) {
        if (is_update && key == "act") {
          update.act = named(value, user_act_from_name);
          has_act = true;
        } else if (!read_wish(key, value, update.said) && !read_names(key, value, update.said) &&
                   !(is_update && read_turn(key, value, update))) {
          throw unknown_key(key);
        }
      }
      if (is_update && !has_act) throw bad_data("act is missing");
      return update;
    });
  }

 private:
  bool read_wish(std::string_view key, const JsonNode& value, PreferenceState& state) const {
    if (key == "years" || key == "not_years") {
      (key == "years" ? state.years : state.not_years) = span(value, years_of_text, "1994, \"1990s\", \"since 1985\"");
    } else if (key == "runtime") {
      state.runtime = span(value, runtime_of_text, "\"up to 100\", \"at least 140\"");
    } else if (key == "popularity") {
      const std::string_view word = value.view();
      if (word != "popular" && word != "hidden") throw value.unexpected("popular or hidden");
      state.popularity = word == "popular" ? Popularity::kPopular : Popularity::kHidden;
    } else if (key == "min_rating") {
      const double rating = value.number();
      if (!(rating >= 0 && rating <= 10)) throw value.unexpected("a rating from 0 to 10");
      state.min_rating = static_cast<std::int32_t>(std::lround(rating * 10));
    } else if (key == "age") {
      state.age = named(value, age_rating_from_name, "G, PG, PG-13, R or NC-17");
    } else if (key == "sort") {
      state.sort = named(value, sort_order_from_name, "best, newest, oldest or popular");
    } else {
      return false;
    }
    return true;
  }

  bool read_names(std::string_view key, const JsonNode& value, PreferenceState& state) const {
    if (key == "genres" || key == "not_genres") {
      each(value, [&](const JsonNode& item) {
        for (const GenreId genre : with_path(item, [&] { return names_.genres(item.view()); }))
          add_once(key == "genres" ? state.genres : state.not_genres, genre);
      });
    } else if (key == "people" || key == "not_people") {
      each(value, [&](const JsonNode& item) {
        add_once(key == "people" ? state.people : state.not_people,
                 with_path(item, [&] { return names_.person(item.view()); }));
      });
    } else if (key == "liked" || key == "disliked" || key == "seen") {
      movies(value, key == "liked" ? state.liked : key == "disliked" ? state.disliked : state.seen);
    } else if (key == "either") {
      each(value,
           [&](const JsonNode& item) { add_once(state.either, named(item, slot_from_name, "genre or person")); });
    } else if (key == "keywords") {
      each(value, [&](const JsonNode& item) { add_once(state.keywords, item.string()); });
    } else {
      return false;
    }
    return true;
  }

  bool read_turn(std::string_view key, const JsonNode& value, PreferenceUpdate& update) const {
    if (key == "any" || key == "drop") {
      each(value, [&](const JsonNode& item) {
        add_once(key == "any" ? update.any : update.drop, named(item, slot_from_name));
      });
    } else if (key == "asks") {
      update.asks = named(value, fact_from_name);
    } else if (key == "about" || key == "pick") {
      movies(value, key == "about" ? update.about : update.pick);
    } else if (key == "nth") {
      update.nth = whole(value, -1);
    } else if (key == "count") {
      update.count = whole(value, 0);
    } else if (key == "unknown") {
      each(value, [&](const JsonNode& item) { add_once(update.unknown, item.string()); });
    } else if (key == "beyond") {
      each(value, [&](const JsonNode& item) { add_once(update.beyond, named(item, beyond_from_name)); });
    } else {
      return false;
    }
    return true;
  }

  static std::int32_t whole(const JsonNode& value, std::int64_t least) {
    const std::int64_t number = value.integer();
    if (number < least || number > 100) throw value.unexpected("a number up to 100");
    return static_cast<std::int32_t>(number);
  }

  // A list, or its only element.
  template <class Use>
  static void each(const JsonNode& value, const Use& use) {
    if (value.is_string()) return use(value);
    for (const JsonNode& item : value.array()) use(item);
  }

  void movies(const JsonNode& value, std::vector<MovieId>& to) const {
    each(value,
         [&](const JsonNode& item) { add_once(to, with_path(item, [&] { return names_.movie(item.view()); })); });
  }

  template <class T>
  static T named(const JsonNode& value, std::optional<T> (*find)(std::string_view), std::string_view expected = {}) {
    const auto found = find(value.view());
    if (!found && !expected.empty()) throw value.unexpected(expected);
    if (!found) throw bad_data("{}: unknown word \"{}\"", value.path(), value.view());
    return *found;
  }

  // A span as text, its two ends as a list, or the only number in it.
  static Span span(const JsonNode& value, std::optional<Span> (*of_text)(std::string_view), const char* examples) {
    const std::string expected = fmt::format("{} or [low,high]", examples);
    if (value.is_string()) {
      const auto found = of_text(value.view());
      if (!found) throw value.unexpected(expected);
      return *found;
    }
    if (value.is_number() ? of_text != years_of_text : !value.is_array() || value.size() != 2)
      throw value.unexpected(expected);
    const std::vector<JsonNode> ends = value.is_number() ? std::vector{value, value} : value.array();
    const std::int64_t low = ends[0].integer(), high = ends[1].integer();
    if (low < 0 || high < low || high > 100'000) throw value.unexpected(expected);
    return {static_cast<std::int32_t>(low), static_cast<std::int32_t>(high)};
  }

  const PreferenceNames& names_;
};

}  // namespace

std::string to_json(const PreferenceState& state, const MovieCatalog& catalog) {
  return written(catalog, nullptr, [&](const auto& visitor) { visitor.state(state); });
}

std::string to_json(const PreferenceUpdate& update, const MovieCatalog& catalog) {
  return written(catalog, name_of(update.act), [&](const auto& visitor) { visitor.update(update); });
}

PreferenceState parse_preference_state(std::string_view json, const MovieCatalog& catalog) {
  return parse_preference_state(json, DisplayNames(catalog));
}

PreferenceState parse_preference_state(std::string_view json, const PreferenceNames& names) {
  return Reader(names).read(json, false).said;
}

PreferenceUpdate parse_preference_update(std::string_view json, const MovieCatalog& catalog) {
  return Reader(DisplayNames(catalog)).read(json, true);
}

std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceState& state,
                                                             const MovieCatalog& catalog) {
  return pairs_of(catalog, [&](const auto& visitor) { visitor.state(state); });
}

std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceUpdate& update,
                                                             const MovieCatalog& catalog) {
  auto pairs = pairs_of(catalog, [&](const auto& visitor) { visitor.update(update); });
  pairs.emplace_back("act", name_of(update.act));
  return pairs;
}

}  // namespace matinee
