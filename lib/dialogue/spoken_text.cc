#include "lib/dialogue/spoken_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "lib/dialogue/article.h"
#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/span_text.h"

namespace matinee {
namespace {

constexpr std::array kHours{"", "an hour", "two hours", "three hours", "four hours", "five hours", "six hours"};

// A number of minutes that is a multiple of five: "two hours and 20 minutes".
std::string round_length(std::int32_t minutes) {
  const std::int32_t hours = minutes / 60, rest = minutes % 60;
  if (hours == 0) return fmt::format("{} minutes", rest);
  std::string words = hours < static_cast<std::int32_t>(kHours.size()) ? kHours[static_cast<std::size_t>(hours)]
                                                                       : fmt::format("{} hours", hours);
  if (rest == 0) return words;
  if (rest == 30) return hours == 1 ? "an hour and a half" : words.substr(0, words.find(' ')) + " and a half hours";
  return rest == 5 ? words + " and five minutes" : fmt::format("{} and {} minutes", words, rest);
}

// "from the 1940s", "from 1994", "from 1985 or later".
std::string from_years(Span years) {
  if (years.low > kFirstYear && years.high < kLastYear) {
    const std::string text = years_text(years);
    if (text.ends_with('s')) return "from the " + text;
    if (text.starts_with(kYearWords.around)) return "from " + text;
    if (years.low % 10 == 0 && years.high == years.low + 19)
      return fmt::format("from the {}s or {}s", years.low, years.low + 10);
    return years.low == years.high ? "from " + text : fmt::format("from {} to {}", years.low, years.high);
  }
  if (years.low <= kFirstYear && years.high < kLastYear) return fmt::format("from {} or earlier", years.high);
  return fmt::format("from {} or later", years.low);
}

std::string of_length(Span minutes) {
  if (minutes.low <= 0) return "of at most " + short_length(minutes.high);
  if (minutes.high >= kLongest) return "of at least " + short_length(minutes.low);
  return fmt::format("of about {}", short_length((minutes.low + minutes.high) / 2));
}

bool either(const PreferenceState& state, Slot slot) {
  return std::find(state.either.begin(), state.either.end(), slot) != state.either.end();
}

}  // namespace

std::string short_length(std::int32_t minutes) {
  if (minutes < 60) return fmt::format("{} min", minutes);
  return minutes % 60 == 0 ? fmt::format("{} h", minutes / 60) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string spoken_length(std::int32_t minutes) {
  if (minutes < 55) return fmt::format("{} minutes", minutes);
  for (const std::int32_t step : {60, 30}) {
    const std::int32_t near = (minutes + step / 2) / step * step;
    if (minutes == near) return round_length(near);
    if (near >= 60 && minutes > near - 5 && minutes < near) return "just under " + round_length(near);
    if (near >= 60 && minutes > near && minutes < near + 5) return "just over " + round_length(near);
  }
  const std::int32_t five = (minutes + 2) / 5 * 5;
  return (five == minutes ? "" : "about ") + round_length(five);
}

std::string rating_number(std::int32_t tenths) { return fmt::format("{}.{}", tenths / 10, tenths % 10); }

std::string join_list(std::span<const std::string> items, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? last : ", ";
    text += items[i];
  }
  return text;
}

std::string wish_text(const PreferenceState& state, const MovieCatalog& catalog) {
  std::vector<std::string> genres, cast, directors;
  for (const GenreId genre : state.genres) genres.push_back(catalog.genres()[static_cast<std::size_t>(genre)]);
  for (const PersonId person : state.people) {
    const bool directs = catalog.directed(person).size() > catalog.acted_in(person).size();
    (directs ? directors : cast).emplace_back(catalog.person_name(person));
  }
  std::string text;
  if (state.popularity == Popularity::kPopular) text = "a popular movie";
  if (state.popularity == Popularity::kHidden) text = "a lesser-known movie";
  if (!genres.empty()) {
    std::vector<std::string> kinds;
    for (const std::string& genre : genres) kinds.push_back(a_genre(genre));
    text = either(state, Slot::kGenre) ? join_list(kinds, " or ") : with_article(full_kind(genres));
  }
  const auto add = [&](const std::string& more) { text += (text.empty() ? "a movie " : " ") + more; };
  const char* last = either(state, Slot::kPerson) ? " or " : " and ";
  if (!cast.empty()) add("with " + join_list(cast, last));
  if (!directors.empty())
    add((cast.empty() || last != std::string_view(" or ") ? "by " : "or by ") + join_list(directors, last));
  if (state.years) add(from_years(*state.years));
  if (state.runtime) add(of_length(*state.runtime));
  if (state.min_rating) add(fmt::format("rated {} or better", *state.min_rating / 10.0));
  if (state.age) add(fmt::format("rated {}{}", name_of(*state.age), *state.age == AgeRating::kG ? "" : " at most"));
  return text;
}

}  // namespace matinee
