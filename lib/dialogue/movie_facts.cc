#include "lib/dialogue/movie_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "lib/base/ascii.h"
#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_series.h"

namespace matinee {

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
      case Slot::kAge: known += fact_text(catalog, movie, Fact::kAge).has_value(); break;
      case Slot::kKeyword: break;
    }
  }
  // What few people know has no votes; running times and age ratings are often known for well-known movies only.
  const bool often_unknown = slot == Slot::kRuntime || slot == Slot::kAge;
  return known * (often_unknown ? 8 : slot == Slot::kPopularity ? 5 : 3) >= catalog.size();
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
  std::string text;
  const std::size_t count = std::min(people.size(), limit);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += i + 1 == count ? " and " : ", ";
    text += catalog.person_name(people[i]);
  }
  return text;
}

namespace {

// "Alien (1979), Aliens (1986) and Alien 3 (1992)" from the first `limit` movies.
std::string join_titles(const MovieCatalog& catalog, std::span<const MovieId> movies, std::size_t limit) {
  std::string text;
  const std::size_t count = std::min(movies.size(), limit);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += i + 1 == count ? " and " : ", ";
    text += catalog.display_name(movies[i]);
  }
  return text;
}

std::string genre_list(const MovieCatalog& catalog, MovieId movie, std::string_view last) {
  std::string text;
  const auto genres = catalog.genres_of(movie);
  for (std::size_t i = 0; i < genres.size(); ++i) {
    if (i > 0) text += i + 1 == genres.size() ? last : ", ";
    text += to_lower(catalog.genres()[static_cast<std::size_t>(genres[i])]);
  }
  return text;
}

}  // namespace

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
      if (catalog.runtime(movie) != kUnknown) text = fmt::format("{}", catalog.runtime(movie));
      break;
    case Fact::kGenres: text = genre_list(catalog, movie, " and "); break;
    case Fact::kRating: {
      const std::int32_t tenths = catalog.rating_tenths(movie);
      if (tenths != kUnknown) text = fmt::format("{}.{}", tenths / 10, tenths % 10);
      break;
    }
    case Fact::kAge:
      // "Not Rated" and "Unrated" say nothing.
      if (!catalog.certificate(movie).ends_with("ated")) text = catalog.certificate(movie);
      break;
    case Fact::kSeries: text = join_titles(catalog, series_of(catalog, movie), 3); break;
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
