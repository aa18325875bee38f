#include "lib/recommend/query_names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/ascii.h"
#include "lib/base/format_error.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/genre_words.h"
#include "lib/catalog/name_keys.h"
#include "lib/catalog/name_scan.h"
#include "lib/catalog/name_words.h"
#include "lib/dialogue/movie_series.h"

namespace matinee {
namespace {

constexpr std::size_t kListed = 5;

// Some from `first` on, as describe(id) says.
template <class Describe>
std::string listed(const std::vector<std::int32_t>& ids, std::size_t first, const Describe& describe) {
  std::string text;
  for (std::size_t i = first; i < std::min(ids.size(), first + kListed); ++i)
    text += (i > first ? ", " : "") + describe(ids[i]);
  if (ids.size() > first + kListed) text += fmt::format(" and {} more", ids.size() - first - kListed);
  return text;
}

bool is_person_id(std::string_view text) {
  return text.size() > 2 && text.starts_with("nm") && text.find_first_not_of("0123456789", 2) == text.npos;
}

}  // namespace

QueryNames::QueryNames(const MovieCatalog& catalog, ThreadPool& pool, std::function<void(std::string_view)> note)
    : catalog_(catalog), titles_(catalog, &pool), people_(catalog, &pool), note_(std::move(note)) {}

// A tconst, an address, or a display name that ends with a tconst in brackets.
std::optional<MovieId> QueryNames::by_id(std::string_view text) const {
  const std::string lower = to_lower(text);
  const std::string_view all = lower;
  const std::size_t bracket = all.rfind("[tt");
  const bool bracketed = bracket != all.npos && all.ends_with(']');
  const std::string_view id = bracketed ? all.substr(bracket + 1, all.size() - bracket - 2) : all;
  if (const auto tconst = tconst_in(id)) {
    if (const auto movie = catalog_.find_tconst(*tconst)) return movie;
    if (const auto movie = catalog_.find_tconst(id)) return movie;  // made-up tables have ids of any length
    throw missing("the catalog has no {}; it may be of another type or have too few votes", *tconst);
  }
  if (all.find("imdb.com/") != all.npos)
    throw missing("\"{}\": expected the address of a title, such as https://www.imdb.com/title/tt0113277/", text);
  if (is_person_id(all)) throw missing("{0} is a person; write {{\"people\":[\"{0}\"]}}", all);
  return {};
}

// "Harry Potter 3": the third by year of a series whose titles have no such number.
std::optional<MovieId> QueryNames::part_of_series(std::string_view text) const {
  const std::string folded = fold_name(text);
  const std::size_t space = folded.rfind(' ');
  if (space == std::string::npos) return {};
  const std::string_view number = standard_word(std::string_view(folded).substr(space + 1));
  if (number.size() != 1 || number[0] < '1' || number[0] > '9') return {};
  const TitleLookup first = titles_.find(folded.substr(0, space));
  if (first.match == TitleMatch::kNone) return {};
  std::vector<MovieId> parts = series_of(catalog_, first.movies.front());
  std::erase_if(parts, [&](MovieId movie) { return catalog_.year(movie) == kUnknown; });
  parts.push_back(first.movies.front());
  std::sort(parts.begin(), parts.end(), [&](MovieId a, MovieId b) {
    return catalog_.year(a) != catalog_.year(b) ? catalog_.year(a) < catalog_.year(b) : a < b;
  });
  const auto at = static_cast<std::size_t>(number[0] - '1');
  if (at >= parts.size()) return {};
  note_(fmt::format("\"{}\" taken for {}, number {} of its series by year", text, catalog_.display_name(parts[at]),
                    number));
  return parts[at];
}

MovieId QueryNames::movie(std::string_view text) const {
  text = trimmed(text);
  if (const auto movie = by_id(text)) return *movie;
  const TitleLookup lookup = titles_.find(text);
  // A title that has the words apart ("Harry Potter 2": "Harry Potter and the ... Part 2") may be of another part.
  if (lookup.match == TitleMatch::kWords &&
      !has_phrase(title_key(catalog_.title(lookup.movies.front())), title_key(text))) {
    if (const auto movie = part_of_series(text)) return *movie;
  }
  const auto describe = [&](MovieId id) {
    return fmt::format("{} {}", catalog_.display_name(id), catalog_.tconst(id));
  };
  if (lookup.match == TitleMatch::kNone) {
    if (const auto movie = part_of_series(text)) return *movie;
    if (people_.has(text)) {
      throw missing("no movie \"{0}\"; it is the name of a person: write {{\"people\":[\"{0}\"]}}", text);
    }
    throw missing("no movie \"{}\"{}", text,
                  lookup.movies.empty() ? "" : "; the nearest: " + listed(lookup.movies, 0, describe));
  }
  const bool certain = lookup.match == TitleMatch::kExact || lookup.match == TitleMatch::kFolded;
  const MovieId movie = lookup.movies.front();
  if (lookup.movies.size() > 1) {
    note_(fmt::format("\"{}\" taken for {}; it may also be {}", text, describe(movie),
                      listed(lookup.movies, 1, describe)));
  } else if (!certain) {
    note_(fmt::format("\"{}\" taken for {}", text, catalog_.display_name(movie)));
  }
  return movie;
}

PersonId QueryNames::person(std::string_view text) const {
  const PersonLookup lookup = people_.find(text);
  const auto describe = [&](PersonId id) {
    return fmt::format("{} {}", catalog_.person_display_name(id), catalog_.nconst(id));
  };
  if (lookup.match == PersonMatch::kNone) {
    throw missing("no person \"{}\"{}", text,
                  lookup.people.empty() ? "" : "; the nearest: " + listed(lookup.people, 0, describe));
  }
  const PersonId person = lookup.people.front();
  if (lookup.people.size() > 1) {
    note_(fmt::format("\"{}\" taken for {}; it may also be {}", text, describe(person),
                      listed(lookup.people, 1, describe)));
  } else if (lookup.match != PersonMatch::kNamed) {
    note_(fmt::format("\"{}\" taken for {}", text, catalog_.person_display_name(person)));
  }
  return person;
}

std::vector<GenreId> QueryNames::genres(std::string_view text) const {
  const auto genres = genres_named(text, catalog_);
  if (!genres) throw missing("{}", no_such_genre(text, catalog_));
  return *genres;
}

}  // namespace matinee
