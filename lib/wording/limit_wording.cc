#include "lib/wording/limit_wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "lib/base/ascii.h"
#include "lib/base/list_members.h"
#include "lib/base/utf8.h"
#include "lib/dialogue/span_text.h"
#include "lib/dialogue/spoken_text.h"

namespace matinee {
namespace {

constexpr std::size_t kLongestName = 60, kLongestWish = 120;

// What a reply leaves out: "the years", "Al Pacino".
std::string dropped_text(const BrokenWish& wish, const MovieCatalog& catalog) {
  switch (wish.slot) {
    case Slot::kGenre:
      if (wish.id < 0) return "the genre";
      return fmt::format("the {} part", to_lower(catalog.genres()[static_cast<std::size_t>(wish.id)]));
    case Slot::kYears: return "the years";
    case Slot::kRuntime: return "the running time";
    case Slot::kPopularity: return "the popularity";
    case Slot::kPerson: return wish.id < 0 ? "the cast" : std::string(catalog.person_name(wish.id));
    case Slot::kAge: return "the age rating";
    case Slot::kRating: return "the rating";
    case Slot::kKeyword: return "the theme";
  }
  return "";
}

// What is in every movie that fits, against the user's wish: "comedy", "Adam Sandler", "the 1980s".
std::string unwanted_text(const BrokenWish& wish, const PreferenceState& preferences, const MovieCatalog& catalog) {
  switch (wish.slot) {
    case Slot::kGenre:
      if (wish.id < 0) return "that genre";
      return to_lower(catalog.genres()[static_cast<std::size_t>(wish.id)]);
    case Slot::kPerson: return wish.id < 0 ? "those people" : std::string(catalog.person_name(wish.id));
    case Slot::kYears:
      if (preferences.not_years) {
        const std::string years = years_text(*preferences.not_years);
        if (years.ends_with("0s")) return "the " + years;
      }
      return "those years";
    default: return dropped_text(wish, catalog);
  }
}

// What the catalog does not know of all movies, in the plural: "running times".
std::string unknown_text(const BrokenWish& wish) {
  switch (wish.slot) {
    case Slot::kGenre: return "genres";
    case Slot::kYears: return "years";
    case Slot::kRuntime: return "running times";
    case Slot::kPopularity: return "vote counts";
    case Slot::kPerson: return "casts";
    case Slot::kAge: return "age ratings";
    case Slot::kRating: return "ratings";
    case Slot::kKeyword: return "themes";
  }
  return "";
}

// What a reply says it knows nothing of, in the plural.
const char* plural_of(Beyond beyond) {
  switch (beyond) {
    case Beyond::kLanguage: return "languages";
    case Beyond::kCountry: return "countries";
    case Beyond::kStudio: return "studios";
    case Beyond::kWhere: return "streaming services";
    case Beyond::kAwards: return "awards";
    case Beyond::kDirector: return "the lives of directors";
    case Beyond::kTheme: return "plots and themes";
    case Beyond::kMood: return "moods";
    case Beyond::kTv: return "TV shows";
    case Beyond::kForeign: return "other languages";
  }
  return "";
}

}  // namespace

std::string clean_name(std::string_view text) {
  const auto is_edge = [](char c) {
    return std::string_view(" \t\r\n.,;:!?\"'()[]").find(c) != std::string_view::npos;
  };
  while (!text.empty() && is_edge(text.front())) text.remove_prefix(1);
  if (text.size() > kLongestName) {
    text = text.substr(0, kLongestName);
    text.remove_suffix(incomplete_utf8_suffix(text));
    text = text.substr(0, std::max<std::size_t>(text.rfind(' '), 1));
  }
  while (!text.empty() && is_edge(text.back())) text.remove_suffix(1);
  std::string name;
  for (const char c : text) {
    const char plain = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    if (plain != ' ' || !name.ends_with(' ')) name += plain;
  }
  return name;
}

PhraseRequest relax_wording(const SystemAct& act, const PreferenceState& preferences, const MovieCatalog& catalog) {
  std::vector<std::string> dropped, unwanted, unknown;
  for (const BrokenWish& wish : act.broken) {
    if (wish.unknown) {
      add_once(unknown, unknown_text(wish));
    } else if (wish.unwanted) {
      add_once(unwanted, unwanted_text(wish, preferences, catalog));
    } else {
      add_once(dropped, dropped_text(wish, catalog));
    }
  }
  if (dropped.empty() && unwanted.empty())
    return unknown.empty() ? PhraseRequest{"s.relax.none", {}}
                           : PhraseRequest{"s.relax.unknown", {{"unknown", join_list(unknown, " or ")}}};
  const auto is_years = [](const BrokenWish& wish) { return wish.unwanted && wish.slot == Slot::kYears; };
  const bool years = std::any_of(act.broken.begin(), act.broken.end(), is_years);
  if (dropped.empty() && unknown.empty() && years && unwanted.size() == 1)
    return {"s.relax.unwanted_years", {{"years", unwanted[0]}}};
  if (dropped.empty() && unknown.empty() && !years)
    return {"s.relax.unwanted", {{"unwanted", join_list(unwanted, " or ")}}};
  // Several kinds at once: all are wishes that were left out.
  for (const BrokenWish& wish : act.broken) {
    if (wish.unwanted) add_once(dropped, "the wish for no " + unwanted_text(wish, preferences, catalog));
    if (wish.unknown) add_once(dropped, dropped_text(wish, catalog));
  }
  PhraseRequest request{"s.relax.dropped", {{"dropped", join_list(dropped)}}};
  const std::string wish = wish_text(preferences, catalog);
  if (!wish.empty() && wish.size() <= kLongestWish) request.slots["wish"] = wish;
  return request;
}

PhraseRequest not_found_wording(const SystemAct& act) {
  std::vector<std::string> names;
  for (const std::string& text : act.unknown) {
    if (const std::string name = clean_name(text); !name.empty()) add_once(names, name);
  }
  if (names.empty()) return {"s.not_found.none", {}};
  if (names.size() == 1) return {"s.not_found.one", {{"name", names[0]}}};
  return {"s.not_found.many", {{"names", join_list(names, " or ")}}};
}

PhraseRequest beyond_wording(const SystemAct& act) {
  std::vector<std::string> things;
  for (const Beyond beyond : act.beyond) add_once<std::string>(things, plural_of(beyond));
  if (things.size() == 1) return {fmt::format("s.beyond.{}", name_of(act.beyond.front())), {}};
  return {"s.beyond.many", {{"things", join_list(things, " or ")}}};
}

}  // namespace matinee
