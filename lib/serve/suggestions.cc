#include "lib/serve/suggestions.h"

#include <fmt/format.h>

#include <algorithm>

namespace matinee {
namespace {

// The person who plays in, or directed, most of the best-known movies; -1 if none is known. Ties by smaller id.
PersonId most_seen(const MovieCatalog& catalog, bool directing) {
  constexpr MovieId kBestKnown = 1000;
  PersonId best = -1;
  std::ptrdiff_t most = 0;
  for (PersonId person = 0; person < catalog.people_count(); ++person) {
    const auto movies = directing ? catalog.directed(person) : catalog.acted_in(person);
    const auto count = std::lower_bound(movies.begin(), movies.end(), kBestKnown) - movies.begin();
    if (count > most) {
      most = count;
      best = person;
    }
  }
  return best;
}

// The best-known movie whose title has several words: "I liked It" would read oddly. -1 if there is none.
MovieId well_known(const MovieCatalog& catalog) {
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    if (catalog.title(movie).find(' ') != std::string_view::npos) return movie;
  }
  return -1;
}

bool has_genre(const MovieCatalog& catalog, const char* name) { return catalog.genre_id(name).has_value(); }

}  // namespace

std::vector<std::string> suggestions(const MovieCatalog& catalog) {
  std::vector<std::string> lines;
  if (has_genre(catalog, "Comedy")) lines.emplace_back("Something funny for tonight, not too old");
  if (const PersonId actor = most_seen(catalog, false); actor >= 0)
    lines.push_back(fmt::format("A movie with {}", catalog.person_name(actor)));
  if (has_genre(catalog, "Thriller")) lines.emplace_back("A thriller from the nineties");
  if (const PersonId director = most_seen(catalog, true); director >= 0)
    lines.push_back(fmt::format("Something by {}", catalog.person_name(director)));
  if (const MovieId movie = well_known(catalog); movie >= 0)
    lines.push_back(fmt::format("I liked {}. Is there something like it?", catalog.title(movie)));
  if (has_genre(catalog, "Family")) lines.emplace_back("A family movie, under 100 minutes");
  lines.emplace_back("Surprise me with a hidden gem");
  return lines;
}

}  // namespace matinee
