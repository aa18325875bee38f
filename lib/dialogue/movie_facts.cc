#include "lib/dialogue/movie_facts.h"

#include <fmt/format.h>

#include <algorithm>

namespace matinee {

Popularity popularity_of(const MovieCatalog& catalog, MovieId movie) {
  // Movies are ordered by votes.
  if (catalog.votes(movie) == kUnknown || movie >= catalog.size() / 2) return Popularity::kHidden;
  return movie < catalog.size() / 5 ? Popularity::kPopular : Popularity::kAny;
}

bool catalogue_can_answer(const MovieCatalog& catalog, Slot slot) {
  std::int64_t known = 0;
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    switch (slot) {
      case Slot::kGenre:
        known += catalog.genre_mask(movie) != 0;
        break;
      case Slot::kYears:
        known += catalog.year(movie) != kUnknown;
        break;
      case Slot::kRuntime:
        known += catalog.runtime(movie) != kUnknown;
        break;
      case Slot::kPopularity:
        known += catalog.votes(movie) != kUnknown;
        break;
      case Slot::kPerson:
        known += !catalog.cast(movie).empty() || !catalog.directors(movie).empty();
        break;
    }
  }
  // Popularity needs fewer: a movie without votes is known to be no hit.
  return known * (slot == Slot::kPopularity ? 5 : 3) >= catalog.size();
}

bool takes_part(const MovieCatalog& catalog, MovieId movie, PersonId person) {
  const auto cast = catalog.cast(movie), directors = catalog.directors(movie);
  return std::find(cast.begin(), cast.end(), person) != cast.end() ||
         std::find(directors.begin(), directors.end(), person) != directors.end();
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

std::string lower_genre(std::string_view genre) {
  std::string text(genre);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

namespace {

std::string genre_list(const MovieCatalog& catalog, MovieId movie, std::string_view last) {
  std::string text;
  const auto genres = catalog.genres_of(movie);
  for (std::size_t i = 0; i < genres.size(); ++i) {
    if (i > 0) text += i + 1 == genres.size() ? last : ", ";
    text += lower_genre(catalog.genres()[static_cast<std::size_t>(genres[i])]);
  }
  return text;
}

// Names with commas only; those the state speaks of first.
std::string name_list(const MovieCatalog& catalog, std::span<const PersonId> people, const PreferenceState& state,
                      std::size_t limit) {
  std::vector<PersonId> ordered(people.begin(), people.end());
  std::stable_partition(ordered.begin(), ordered.end(), [&](PersonId person) {
    return std::find(state.people.begin(), state.people.end(), person) != state.people.end();
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(limit, ordered.size()); ++i) {
    if (i > 0) text += ", ";
    text += catalog.person_name(ordered[i]);
  }
  return text;
}

}  // namespace

std::optional<std::string> fact_text(const MovieCatalog& catalog, MovieId movie, Fact fact) {
  std::string text;
  switch (fact) {
    case Fact::kCast:
      text = join_names(catalog, catalog.cast(movie), 3);
      break;
    case Fact::kDirector:
      text = join_names(catalog, catalog.directors(movie), 3);
      break;
    case Fact::kWriter:
      text = join_names(catalog, catalog.writers(movie), 3);
      break;
    case Fact::kYear:
      if (catalog.year(movie) != kUnknown) text = fmt::format("{}", catalog.year(movie));
      break;
    case Fact::kRuntime:
      if (catalog.runtime(movie) != kUnknown) text = fmt::format("{}", catalog.runtime(movie));
      break;
    case Fact::kGenres:
      text = genre_list(catalog, movie, " and ");
      break;
    case Fact::kRating: {
      const std::int32_t tenths = catalog.rating_tenths(movie);
      if (tenths != kUnknown) text = fmt::format("{}.{}", tenths / 10, tenths % 10);
      break;
    }
  }
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string candidate_line(const MovieCatalog& catalog, MovieId movie, const PreferenceState& state) {
  std::string line(catalog.display_name(movie));
  for (const std::string& part :
       {genre_list(catalog, movie, ", "), name_list(catalog, catalog.directors(movie), state, 2),
        name_list(catalog, catalog.cast(movie), state, 2)}) {
    line += part.empty() ? " | -" : " | " + part;
  }
  if (catalog.runtime(movie) != kUnknown && state.runtime) line += fmt::format(" | {} min", catalog.runtime(movie));
  if (state.popularity != Popularity::kAny) {
    const Popularity popularity = popularity_of(catalog, movie);
    line += popularity == Popularity::kPopular  ? " | popular"
            : popularity == Popularity::kHidden ? " | hidden"
                                                : " | known";
  }
  return line;
}

std::string fact_line(const MovieCatalog& catalog, MovieId movie) {
  std::string line(catalog.display_name(movie));
  for (int i = 0; i < kFacts; ++i) {
    const auto fact = static_cast<Fact>(i);
    if (fact == Fact::kYear) continue;  // it is in the name
    if (const auto text = fact_text(catalog, movie, fact)) line += fmt::format(" | {}: {}", name_of(fact), *text);
  }
  return line;
}

}  // namespace matinee
