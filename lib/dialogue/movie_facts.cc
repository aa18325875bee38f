#include "lib/dialogue/movie_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_series.h"
#include "lib/dialogue/spoken_text.h"

namespace matinee {
namespace {

// The names of the first `limit` items as a list: "Alien (1979), Aliens (1986) and Alien 3 (1992)".
template <class Id, class Name>
std::string listed(std::span<const Id> items, std::size_t limit, const Name& name) {
  std::vector<std::string> names;
  for (const Id item : items.first(std::min(items.size(), limit))) names.emplace_back(name(item));
  return join_list(names);
}

// "Not Rated" and "Unrated" say nothing.
bool has_age_rating(const MovieCatalog& catalog, MovieId movie) {
  const std::string_view certificate = catalog.certificate(movie);
  return !certificate.empty() && !certificate.ends_with("ated");
}

}  // namespace

Popularity popularity_of(const MovieCatalog& catalog, MovieId movie) {
  // Movies are ordered by votes, those without come last. These are unknown, which is not the same as hidden.
  if (catalog.votes(movie) == kUnknown) return Popularity::kAny;
  MovieId voted = movie + 1;  // the number of movies with votes, by bisection
  for (MovieId end = catalog.size(); voted < end;) {
    const MovieId middle = voted + (end - voted) / 2;
    if (catalog.votes(middle) == kUnknown) {
      end = middle;
    } else {
      voted = middle + 1;
    }
  }
  if (movie >= voted / 2) return Popularity::kHidden;
  return movie < voted / 5 ? Popularity::kPopular : Popularity::kAny;
}

bool catalog_can_answer(const MovieCatalog& catalog, Slot slot) {
  std::int64_t known = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    switch (slot) {
      case Slot::kGenre: known += catalog.genre_mask(movie) != 0; break;
      case Slot::kYears: known += catalog.year(movie) != kUnknown; break;
      case Slot::kRuntime: known += catalog.runtime(movie) != kUnknown; break;
      case Slot::kPopularity: known += catalog.votes(movie) != kUnknown; break;
      case Slot::kPerson: known += !catalog.cast(movie).empty() || !catalog.directors(movie).empty(); break;
      case Slot::kRating: known += catalog.rating_tenths(movie) != kUnknown; break;
      case Slot::kAge: known += has_age_rating(catalog, movie); break;
      case Slot::kKeyword: break;
    }
  }
  // What few people know has no votes; running times and age ratings are often known for well-known movies only.
  const bool often_unknown = slot == Slot::kRuntime || slot == Slot::kAge;
  return known * (often_unknown ? 8 : slot == Slot::kPopularity ? 5 : 3) >= catalog.size();
}

std::int32_t newest_year(const MovieCatalog& catalog) {
  std::int32_t newest = 0;
  for (const bool voted : {true, false}) {
    for (MovieId movie = 0; movie < catalog.size() && (voted || newest == 0); ++movie) {
      if (!voted || catalog.votes(movie) != kUnknown) newest = std::max(newest, catalog.year(movie));
    }
  }
  return newest;
}

bool takes_part(const MovieCatalog& catalog, MovieId movie, PersonId person) {
  const auto cast = catalog.cast(movie), directors = catalog.directors(movie);
  return std::find(cast.begin(), cast.end(), person) != cast.end() ||
         std::find(directors.begin(), directors.end(), person) != directors.end();
}

bool directs(const MovieCatalog& catalog, MovieId movie, PersonId person) {
  const auto directors = catalog.directors(movie);
  return std::find(directors.begin(), directors.end(), person) != directors.end();
}

std::string join_names(const MovieCatalog& catalog, std::span<const PersonId> people, std::size_t limit) {
  return listed(people, limit, [&](PersonId person) { return catalog.person_name(person); });
}

std::string describe(const MovieCatalog& catalog, MovieId movie, const Reason& reason) {
  switch (reason.kind) {
    case Reason::Kind::kGenre: return a_genre(catalog.genres()[static_cast<std::size_t>(reason.id)]);
    case Reason::Kind::kPerson:
      return fmt::format("{} {}", directs(catalog, movie, reason.id) ? "by" : "with", catalog.person_name(reason.id));
    case Reason::Kind::kYears: return fmt::format("{}", catalog.year(movie));
    case Reason::Kind::kRuntime: return fmt::format("{} minutes", catalog.runtime(movie));
    case Reason::Kind::kPopular: return "popular";
    case Reason::Kind::kHidden: return "a hidden gem";
    case Reason::Kind::kSimilar: return fmt::format("like {}", catalog.display_name(reason.id));
  }
  return "";
}

std::optional<std::string> fact_text(const MovieCatalog& catalog, MovieId movie, Fact fact) {
  std::string text;
  switch (fact) {
    case Fact::kCast: text = join_names(catalog, catalog.cast(movie), 3); break;
    case Fact::kDirector: text = join_names(catalog, catalog.directors(movie), 3); break;
    case Fact::kWriter: text = join_names(catalog, catalog.writers(movie), 3); break;
    case Fact::kYear:
      if (catalog.year(movie) != kUnknown) text = fmt::format("{}", catalog.year(movie));
      break;
    case Fact::kRuntime:
      if (catalog.runtime(movie) != kUnknown) text = short_length(catalog.runtime(movie));
      break;
    case Fact::kGenres: {
      const auto genres = catalog.genres_of(movie);
      text = listed(genres, genres.size(),
                    [&](GenreId genre) { return to_lower(catalog.genres()[static_cast<std::size_t>(genre)]); });
      break;
    }
    case Fact::kRating: {
      const std::int32_t tenths = catalog.rating_tenths(movie);
      if (tenths != kUnknown) text = rating_number(tenths);
      break;
    }
    case Fact::kAge:
      if (has_age_rating(catalog, movie)) text = catalog.certificate(movie);
      break;
    case Fact::kSeries: {
      const std::vector<MovieId> series = series_of(catalog, movie);
      text = listed(std::span(series), 3, [&](MovieId part) { return catalog.display_name(part); });
      break;
    }
    default: break;  // no catalog knows the others
  }
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string candidate_line(const MovieCatalog& catalog, const Candidate& candidate) {
  constexpr std::size_t kReasons = 3;
  std::string line(catalog.display_name(candidate.movie));
  for (std::size_t i = 0; i < std::min(kReasons, candidate.reasons.size()); ++i)
    line += " | " + describe(catalog, candidate.movie, candidate.reasons[i]);
  return candidate.reasons.empty() ? line + " | anything goes" : line;
}

std::string fact_line(const MovieCatalog& catalog, MovieId movie, Fact fact) {
  return fmt::format("{} | {}: {}", catalog.display_name(movie), name_of(fact),
                     fact_text(catalog, movie, fact).value_or("unknown"));
}

}  // namespace matinee
