#include "lib/simulation/wish_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lib/base/ascii.h"
#include "lib/catalog/common_words.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/span_text.h"

namespace matinee {
namespace {

constexpr std::int32_t kFirstDecadeInWords = 1920;
constexpr std::array<const char*, 8> kDecades{"twenties", "thirties",  "forties",  "fifties",
                                              "sixties",  "seventies", "eighties", "nineties"};

std::string decade_words(std::int32_t decade, Random& random) {
  const auto index = static_cast<std::size_t>(std::max(decade - kFirstDecadeInWords, 0) / 10);
  const bool words = decade >= kFirstDecadeInWords && index < kDecades.size() && random.chance(0.4);
  return words ? kDecades[index] : fmt::format("{}s", decade);
}

std::string short_decade(std::int32_t decade) {
  return decade >= 2000 || decade < 1920 ? fmt::format("{}s", decade) : fmt::format("{:02}s", decade % 100);
}

}  // namespace

bool WishWords::has_words(GenreId genre) const {
  return phrasebook_.has("a_genre." + catalog_.genres()[static_cast<std::size_t>(genre)]);
}

void WishWords::add_words(Wish& wish, GenreId genre, std::string_view before, std::string_view after) {
  const std::string& name = catalog_.genres()[static_cast<std::size_t>(genre)];
  for (const std::string_view form : kGenreForms) {
    const std::string section = fmt::format("{}.{}", form, name);
    if (phrasebook_.has(section)) wish.slots[fmt::format("{}{}{}", before, form, after)] = expand(section);
  }
}

void WishWords::add_genre(Wish& wish, GenreId genre, std::string_view number) {
  add_words(wish, genre, "", number);
  wish.update.said.genres.push_back(genre);
}

void WishWords::add_unwanted_genre(Wish& wish, GenreId genre) {
  add_words(wish, genre, "not_", "");
  wish.update.said.not_genres.push_back(genre);
}

void WishWords::add_years(Wish& wish, std::int32_t year) {
  const std::int32_t decade = year / 10 * 10;
  std::string form;
  PhraseSlots slots;
  Span span{decade, decade + 9};
  const auto put = [&](const char* name, std::int32_t value) { slots[name] = fmt::format("{}", value); };
  const double choice = random_.uniform();
  if (choice < 0.42) {
    form = "decade";
    slots["decade"] = decade_words(decade, random_);
    slots["short"] = short_decade(decade);
  } else if (choice < 0.5) {
    // People round to five years.
    form = "around";
    const std::int32_t round = (year + 2) / 5 * 5;
    span = {round - kAroundYears, round + kAroundYears};
    put("low", round);
  } else if (choice < 0.54 && year <= loose_.newest - 5) {
    form = "before";
    span = {kFirstYear, std::max(kFirstYear, year / 10 * 10 + 9)};
    put("high", span.high + 1);
  } else if (choice < 0.58 && year <= loose_.newest - 5) {
    form = "until";
    span = {kFirstYear, std::max(kFirstYear, (year + 9) / 10 * 10)};
    put("high", span.high);
  } else if (choice < 0.63) {
    form = "after";
    span = {(year - 1) / 5 * 5 + 1, kLastYear};
    put("low", span.low - 1);
  } else if (choice < 0.68) {
    form = "since";
    span = {year / 5 * 5, kLastYear};
    put("low", span.low);
  } else if (choice < 0.75) {
    form = "between";
    const auto before = static_cast<std::int32_t>(random_.below(6));
    const auto after = static_cast<std::int32_t>(1 + random_.below(6));
    span = {year - before, std::max(year, std::min(year + after, loose_.newest))};
    // Moves the low end if the span would be written as a decade or with "around".
    if (years_text(span).find(kSpanTo) == std::string::npos) --span.low;
    put("low", span.low);
    put("high", span.high);
  } else if (choice < 0.93 && loose_.old.contains(year)) {
    form = "old";
    span = loose_.old;
  } else if (choice < 0.93 && loose_.recent.contains(year)) {
    form = "recent";
    span = loose_.recent;
  } else {
    form = "exact";
    span = {year, year};
    put("low", year);
  }
  // The span includes years outside of [kFirstYear, kLastYear].
  span = {std::min(span.low, year), std::max(span.high, year)};
  wish.slots["years"] = expand("years." + form, slots);
  wish.slots["from_years"] = expand("from_years." + form, slots);
  wish.update.said.years = span;
}

void WishWords::add_two_decades(Wish& wish, std::int32_t year) {
  std::int32_t first = year / 10 * 10;
  if (random_.chance(0.5) || first + 10 > loose_.newest) first -= 10;
  const PhraseSlots slots{{"decade", decade_words(first, random_)},
                          {"decade2", decade_words(first + 10, random_)},
                          {"short", short_decade(first)},
                          {"short2", short_decade(first + 10)}};
  wish.slots["years"] = expand("years.two", slots);
  wish.update.said.years = Span{first, first + 19};
}

bool WishWords::add_unwanted_years(Wish& wish, std::int32_t year) {
  std::string form;
  PhraseSlots slots;
  const double choice = random_.uniform();
  if (choice < 0.3) {
    form = "before";
    const std::int32_t from = year / 5 * 5;
    slots["high"] = fmt::format("{}", from);
    wish.update.said.years = Span{from, kLastYear};
  } else if (choice < 0.4) {
    form = "after";
    const std::int32_t until = (year + 4) / 5 * 5;
    if (until > loose_.newest - 5) return false;
    slots["low"] = fmt::format("{}", until);
    wish.update.said.years = Span{kFirstYear, until};
  } else if (choice < 0.65 && loose_.not_old.contains(year)) {
    form = "old";
    wish.update.said.years = loose_.not_old;
  } else if (choice < 0.65 && loose_.not_recent.contains(year)) {
    form = "recent";
    wish.update.said.years = loose_.not_recent;
  } else {
    form = "decade";
    std::int32_t decade = 1950 + 10 * static_cast<std::int32_t>(random_.below(7));
    if (decade >= year / 10 * 10) decade += 10;
    slots["decade"] = decade_words(decade, random_);
    slots["short"] = short_decade(decade);
    wish.update.said.not_years = Span{decade, decade + 9};
  }
  wish.slots["not_years"] = expand("not_years." + form, slots);
  return true;
}

void WishWords::add_runtime(Wish& wish, std::int32_t minutes) {
  std::string form;
  PhraseSlots slots;
  Span span;
  if (minutes <= 120) {
    form = minutes <= kShortMinutes && random_.chance(0.4) ? "short_plain" : "short";
    if (form == "short" && random_.chance(0.5)) form = "under";
    span = {0, form == "short_plain" ? kShortMinutes
               : form == "under"     ? minutes / 10 * 10 + 9
                                     : (minutes + 9) / 10 * 10};
    if (form == "short") slots["high"] = fmt::format("{}", span.high);
    if (form == "under") slots["high"] = fmt::format("{}", span.high + 1);
  } else {
    form = minutes >= kLongMinutes && random_.chance(0.4) ? "long_plain" : "long";
    if (form == "long" && random_.chance(0.5)) form = "over";
    const std::int32_t least = form == "long_plain" ? kLongMinutes
                               : form == "over"     ? (minutes - 1) / 10 * 10 + 1
                                                    : minutes / 10 * 10;
    span = {least, std::max(kLongest, minutes)};
    if (form == "long") slots["low"] = fmt::format("{}", span.low);
    if (form == "over") slots["low"] = fmt::format("{}", span.low - 1);
  }
  for (const char* name : {"runtime", "of_runtime"}) wish.slots[name] = expand(fmt::format("{}.{}", name, form), slots);
  wish.update.said.runtime = span;
}

std::string WishWords::person_words(PersonId person) {
  std::string name(catalog_.person_name(person));
  const std::size_t first = name.find(' '), last = name.rfind(' ');
  if (last == std::string::npos || !random_.chance(names_.short_form)) return name;
  const std::string given = fold_name(name.substr(0, first));
  std::vector<std::string_view> fitting;
  for (const auto& [nickname, full] : nicknames()) {
    if (full == given) fitting.push_back(nickname);
  }
  if (fitting.empty() || random_.chance(0.4)) return name.substr(last + 1);
  std::string nickname(random_.pick(fitting));
  nickname[0] = to_upper(nickname[0]);
  return nickname + name.substr(first);
}

void WishWords::add_person(Wish& wish, PersonId person, bool wanted, std::string_view number) {
  std::string name = person_words(person);
  if (random_.chance(names_.lower_case)) name = to_lower(name);
  const std::string slot = fmt::format("{}{}", wanted ? "person" : "not_person", number);
  wish.slots[slot] = name;
  wish.full_names[slot] = catalog_.person_name(person);
  wish.people.push_back(person);
  (wanted ? wish.update.said.people : wish.update.said.not_people).push_back(person);
}

void WishWords::add_title(Wish& wish, const std::string& slot, MovieId movie) {
  std::string title(random_.chance(0.75) ? catalog_.title(movie) : catalog_.display_name(movie));
  wish.slots[slot] = random_.chance(names_.lower_case / 2) ? to_lower(title) : title;
  wish.full_names[slot] = catalog_.display_name(movie);
  wish.movies.push_back(movie);
}

}  // namespace matinee
