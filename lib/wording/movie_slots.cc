#include "lib/wording/movie_slots.h"

#include <algorithm>

#include "lib/dialogue/article.h"
#include "lib/dialogue/genre_text.h"
#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/spoken_text.h"

namespace matinee {
namespace {

// "People love it" needs a high rating by many people.
constexpr std::int32_t kHighRating = 75, kManyVotes = 1000;

}  // namespace

std::vector<std::string> genre_names(const MovieCatalog& catalog, MovieId movie) {
  std::vector<std::string> names;
  for (const GenreId genre : catalog.genres_of(movie))
    names.push_back(catalog.genres()[static_cast<std::size_t>(genre)]);
  return names;
}

void add_movie_slots(PhraseSlots& slots, const MovieCatalog& catalog, MovieId movie,
                     std::span<const PersonId> mentioned, const std::string& suffix) {
  const auto set = [&](const char* name, std::string value) { slots[name + suffix] = std::move(value); };
  const auto is_mentioned = [&](PersonId person) {
    return std::find(mentioned.begin(), mentioned.end(), person) != mentioned.end();
  };
  set("movie", std::string(catalog.display_name(movie)));
  set("title", std::string(catalog.title(movie)));
  std::vector<PersonId> stars;
  for (const PersonId person : catalog.cast(movie)) {
    if (stars.size() < 2 && !is_mentioned(person)) stars.push_back(person);
  }
  if (!stars.empty()) set("star", std::string(catalog.person_name(stars[0])));
  if (stars.size() > 1) set("stars", join_names(catalog, stars, 2));
  const auto directors = catalog.directors(movie);
  if (!directors.empty() && std::none_of(directors.begin(), directors.end(), is_mentioned))
    set("director", join_names(catalog, directors, 2));
  if (const auto genres = genre_names(catalog, movie); !genres.empty()) {
    const std::string kind = short_kind(genres);
    set("kind", kind);
    set("a_kind", with_article(kind));
  }
  if (catalog.year(movie) != kUnknown) {
    set("year", std::to_string(catalog.year(movie)));
    set("a_year", with_article(std::to_string(catalog.year(movie))));
  }
  if (const auto age = fact_text(catalog, movie, Fact::kAge)) set("age", *age);
  if (const std::int32_t minutes = catalog.runtime(movie); minutes != kUnknown) {
    set("length", short_length(minutes));
    set("spoken", spoken_length(minutes));
  }
  if (const std::int32_t tenths = catalog.rating_tenths(movie); tenths != kUnknown) {
    set("rating", rating_number(tenths));
    if (tenths >= kHighRating && catalog.votes(movie) >= kManyVotes) set("praise", rating_number(tenths));
  }
}

std::string facts_for_prompt(const MovieCatalog& catalog, MovieId movie, std::span<const PersonId> mentioned,
                             bool brief) {
  PhraseSlots slots;
  add_movie_slots(slots, catalog, movie, mentioned);
  const auto is_mentioned = [&](PersonId person) {
    return std::find(mentioned.begin(), mentioned.end(), person) != mentioned.end();
  };
  // The slot has no director where one of two is the reason, but a wording with another reason names both.
  const auto directors = catalog.directors(movie);
  if (!std::all_of(directors.begin(), directors.end(), is_mentioned))
    slots["director"] = join_names(catalog, directors, 2);
  std::string text;
  const auto add = [&](const char* slot, const char* before, const char* separator) {
    const auto found = slots.find(slot);
    if (found != slots.end()) text += (text.empty() ? "" : separator) + std::string(before) + found->second;
  };
  add("kind", "", " ");
  add("director", "by ", " ");
  add(!brief && slots.contains("stars") ? "stars" : "star", "with ", " ");
  if (!brief) {
    add("length", "", ", ");
    add("praise", "rated ", ", ");
  }
  return text;
}

}  // namespace matinee
