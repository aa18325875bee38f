#include "lib/dialogue/movie_series.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/ascii.h"
#include "lib/base/words.h"
#include "lib/catalog/fold_name.h"
#include "lib/dialogue/movie_facts.h"

namespace matinee {
namespace {

using Words = std::vector<std::string>;

Words words_of(std::string_view folded) {
  Words words;
  for_each_piece(folded, ' ', [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

constexpr std::array<std::string_view, 12> kRoman{"ii",   "iii", "iv", "v",  "vi",  "vii",
                                                  "viii", "ix",  "x",  "xi", "xii", "xiii"};
constexpr std::array<std::string_view, 13> kNumbers{"one",   "two",  "three", "four",   "five",   "six",     "seven",
                                                    "eight", "nine", "ten",   "eleven", "twelve", "thirteen"};

// Numbers of parts have one digit; "10" and more are mostly something else ("Apollo 13").
bool is_part_number(std::string_view word) {
  if (word.size() == 1 && is_digit(word[0])) return true;
  return std::find(kRoman.begin(), kRoman.end(), word) != kRoman.end() ||
         std::find(kNumbers.begin(), kNumbers.end(), word) != kNumbers.end();
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

struct SeriesTitle {
  Words whole;            // "kill bill vol 1"
  Words name;             // without number and subtitle: "kill bill"
  bool numbered = false;  // the name was followed by a number
};

SeriesTitle parse(std::string_view title) {
  SeriesTitle parsed;
  parsed.whole = words_of(fold_title(title));
  const std::size_t cut = std::min({title.find(": "), title.find(" - "), title.find(" \u2013 "), title.size()});
  parsed.name = words_of(fold_title(title.substr(0, cut)));
  if (parsed.name.empty()) parsed.name = parsed.whole;
  Words& name = parsed.name;
  if (name.size() > 1 && is_part_number(name.back())) {
    parsed.numbered = true;
    name.pop_back();
    if (name.size() > 1 && is_one_of(name.back(), {"part", "vol", "volume", "chapter", "episode"})) name.pop_back();
  } else if (!name.empty() && name.back().size() > 3 && is_digit(name.back().back()) &&
             !is_digit(name.back()[name.back().size() - 2])) {  // "alien3" of "Alien³"
    parsed.numbered = true;
    name.back().pop_back();
  }
  return parsed;
}

enum class Bond { kNone, kPerson, kLead };

// kLead: a director of both, or one of the first two of both casts; kPerson: another person of both.
Bond bond(const MovieCatalog& catalog, MovieId a, MovieId b) {
  const auto leads = [&](MovieId movie) {
    const auto cast = catalog.cast(movie);
    return cast.first(std::min<std::size_t>(2, cast.size()));
  };
  const auto in = [](const auto& people, PersonId person) {
    return std::find(people.begin(), people.end(), person) != people.end();
  };
  for (const PersonId person : leads(a)) {
    if (in(leads(b), person)) return Bond::kLead;
  }
  for (const PersonId person : catalog.directors(a)) {
    if (directs(catalog, b, person)) return Bond::kLead;
  }
  const auto cast = catalog.cast(a);
  const bool shared = std::any_of(cast.begin(), cast.end(), [&](PersonId p) { return takes_part(catalog, b, p); });
  return shared ? Bond::kPerson : Bond::kNone;
}

bool begins_with(const Words& words, const Words& start) {
  return start.size() < words.size() && std::equal(start.begin(), start.end(), words.begin());
}

// The words of meaning that both begin with: "harry potter (and the)" are two.
int common_start(const Words& a, const Words& b) {
  int count = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()) && a[i] == b[i]; ++i) {
    count += is_one_of(a[i], {"the", "a",  "an", "and", "of", "in", "to", "on", "for",  "with",
                              "my",  "at", "is", "it",  "i",  "me", "we", "no", "this", "that"})
                 ? 0
                 : 1;
  }
  return count;
}

bool is_plural(const Words& one, const Words& many) {  // "Alien", "Aliens"
  return one.size() == 1 && many.size() == 1 && one[0] + "s" == many[0];
}

// Movies of two series with one name are rarely this close.
constexpr std::int32_t kYearsApart = 12;

bool same_series(const MovieCatalog& catalog, MovieId a, const SeriesTitle& x, MovieId b, const SeriesTitle& y) {
  if (x.whole == y.whole || x.name.empty() || y.name.empty()) return false;
  const bool whole_x = x.name == x.whole, whole_y = y.name == y.whole;
  if (x.name == y.name) {
    const bool plain = (x.numbered || whole_x) && (y.numbered || whole_y);
    const bool near = std::abs(catalog.year(a) - catalog.year(b)) <= kYearsApart;
    return (near && (plain || x.name.size() > 1)) || bond(catalog, a, b) != Bond::kNone;
  }
  // "Shrek" or "Shrek 2", "Shrek the Third".
  const bool within = ((whole_x || x.numbered) && begins_with(y.whole, x.name)) ||
                      ((whole_y || y.numbered) && begins_with(x.whole, y.name)) || is_plural(x.name, y.name) ||
                      is_plural(y.name, x.name);
  const int words = common_start(x.whole, y.whole);
  if (!within && words < 2) return false;
  const Bond shared = bond(catalog, a, b);
  return shared == Bond::kLead || (shared == Bond::kPerson && words >= 2);
}

// The first letters without an article. Titles of a series agree in them, so that few titles need more than a look.
std::string_view beginning(std::string_view title) {
  for (const std::string_view article : {"The ", "A ", "An "}) {
    if (title.size() > article.size() && title.starts_with(article)) return title.substr(article.size());
  }
  return title;
}

bool begin_alike(std::string_view a, std::string_view b) {
  const std::size_t length = std::min({a.size(), b.size(), std::size_t{3}});
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(length), b.begin(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace

bool same_series(const MovieCatalog& catalog, MovieId a, MovieId b) {
  if (a == b || !begin_alike(beginning(catalog.title(a)), beginning(catalog.title(b)))) return false;
  return same_series(catalog, a, parse(catalog.title(a)), b, parse(catalog.title(b)));
}

SeriesTitles::SeriesTitles(const MovieCatalog& catalog) : catalog_(catalog) {
  beginnings_.reserve(static_cast<std::size_t>(catalog.size()));
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const std::string_view title = beginning(catalog.title(movie));
    std::array<char, 4>& first = beginnings_.emplace_back();
    const std::size_t length = std::min<std::size_t>(title.size(), 3);
    for (std::size_t i = 0; i < length; ++i) first[i] = to_lower(title[i]);
    first[3] = static_cast<char>(length);
  }
}

bool SeriesTitles::same_series(MovieId a, MovieId b) const {
  const auto &x = beginnings_[static_cast<std::size_t>(a)], &y = beginnings_[static_cast<std::size_t>(b)];
  if (!std::equal(x.begin(), x.begin() + std::min(x[3], y[3]), y.begin())) return false;
  return matinee::same_series(catalog_, a, b);
}

std::vector<MovieId> series_of(const MovieCatalog& catalog, MovieId movie) {
  std::vector<MovieId> parts;
  const SeriesTitle title = parse(catalog.title(movie));
  const std::string_view start = beginning(catalog.title(movie));
  for (MovieId other = 0; other < catalog.size(); ++other) {
    if (other == movie || !begin_alike(start, beginning(catalog.title(other)))) continue;
    if (same_series(catalog, movie, title, other, parse(catalog.title(other)))) parts.push_back(other);
  }
  std::stable_sort(parts.begin(), parts.end(), [&](MovieId a, MovieId b) {
    const auto year = [&](MovieId m) { return catalog.year(m) == kUnknown ? 9999 : catalog.year(m); };
    return year(a) < year(b);
  });
  return parts;
}

}  // namespace matinee
