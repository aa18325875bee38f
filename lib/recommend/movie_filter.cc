#include "lib/recommend/movie_filter.h"

#include <charconv>
#include <optional>
#include <set>

#include "lib/base/format_error.h"
#include "lib/catalog/genre_words.h"
#include "lib/dialogue/preference_state.h"

namespace matinee {
namespace {

std::optional<Span> span_of(const char* option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto number = [&](std::string_view digits, std::int32_t absent) {
    std::int32_t value = absent;
    if (!digits.empty()) {
      const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (code != std::errc() || end != digits.data() + digits.size() || value < 0) {
        throw usage_error("--{}: expected LOW-HIGH, LOW-, -HIGH or a number, found \"{}\"", option, text);
      }
    }
    return value;
  };
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return Span{number(text, 0), number(text, 0)};
  const Span span{number(std::string_view(text).substr(0, dash), 0),
                  number(std::string_view(text).substr(dash + 1), 1'000'000)};
  if (span.low > span.high) throw usage_error("--{}: \"{}\" ends before it begins", option, text);
  return span;
}

std::uint32_t genre_mask(const MovieCatalog& catalog, const std::vector<std::string>& names) {
  std::uint32_t mask = 0;
  for (const std::string& name : names) {
    const auto genres = genres_named(name, catalog);
    if (!genres) throw usage_error("{}", no_such_genre(name, catalog));
    for (const GenreId genre : *genres) mask |= std::uint32_t{1} << genre;
  }
  return mask;
}

// IMDb's genres that have words of their own.
std::vector<std::string> known_genres() {
  std::set<std::string> names;
  for (const GenrePhrase& phrase : genre_phrases()) names.insert(phrase.genres.begin(), phrase.genres.end());
  return {names.begin(), names.end()};
}

}  // namespace

void MovieFilter::add(OptionSet& options) {
  options.group("Filters");
  options.text("years", &years, "LOW-HIGH", "startYear; either end may be left out");
  options.text("runtime", &runtime, "LOW-HIGH", "runtimeMinutes; either end may be left out");
  options.list("genre", &genres, "GENRE", "has all of these genres");
  options.offer_words(known_genres());
  options.list("not-genre", &not_genres, "GENRE", "has none of these genres");
  options.offer_words(known_genres());
  options.integer("min-votes", &min_votes, 0, 1'000'000'000, "numVotes is at least this");
  options.real("min-rating", &min_rating, 0, 10, "averageRating is at least this");
}

bool MovieFilter::excludes_something() const {
  return !years.empty() || !runtime.empty() || !genres.empty() || !not_genres.empty() || min_votes > 0 ||
         min_rating > 0;
}

MovieSet MovieFilter::matches(const MovieCatalog& catalog) const {
  const auto year_span = span_of("years", years), runtime_span = span_of("runtime", runtime);
  const std::uint32_t wanted = genre_mask(catalog, genres), unwanted = genre_mask(catalog, not_genres);
  const auto within = [](std::int32_t value, const std::optional<Span>& span) {
    return !span || (value >= span->low && value <= span->high);
  };
  MovieSet found(catalog.size());
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    const std::uint32_t mask = catalog.genre_mask(movie);
    if ((mask & wanted) == wanted && (mask & unwanted) == 0 && within(catalog.year(movie), year_span) &&
        within(catalog.runtime(movie), runtime_span) && (min_votes <= 0 || catalog.votes(movie) >= min_votes) &&
        (min_rating <= 0 || catalog.rating_tenths(movie) >= min_rating * 10 - 1e-6)) {
      found.insert(movie);
    }
  }
  return found;
}

}  // namespace matinee
