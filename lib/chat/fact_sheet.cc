#include "lib/chat/fact_sheet.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>

#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/spoken_text.h"

namespace matinee {
namespace {

std::string with_thousands(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string rating_text(const MovieCatalog& catalog, MovieId movie) {
  const std::int32_t tenths = catalog.rating_tenths(movie);
  const auto votes = catalog.votes(movie);
  std::string text = rating_number(tenths) + " out of 10";
  if (votes != kUnknown) text += fmt::format(" ({} {})", with_thousands(votes), votes == 1 ? "vote" : "votes");
  return text;
}

}  // namespace

std::vector<std::string> fact_sheet(const MovieCatalog& catalog, MovieId movie) {
  std::vector<std::string> lines{std::string(catalog.display_name(movie))};
  const auto add = [&](std::string_view heading, std::string_view text) {
    lines.push_back(fmt::format("{}: {}", heading, text.empty() ? "unknown" : text));
  };
  const auto add_people = [&](std::string_view heading, std::span<const PersonId> people) {
    std::vector<std::string_view> names;
    for (const PersonId person : people) names.push_back(catalog.person_name(person));
    add(heading, fmt::to_string(fmt::join(names, ", ")));
  };
  const std::int32_t year = catalog.year(movie), runtime = catalog.runtime(movie);
  add("Year", year == kUnknown ? "" : std::to_string(year));
  std::vector<std::string_view> genres;
  for (const GenreId genre : catalog.genres_of(movie))
    genres.push_back(catalog.genres()[static_cast<std::size_t>(genre)]);
  add(genres.size() > 1 ? "Genres" : "Genre", fmt::to_string(fmt::join(genres, ", ")));
  add("Runtime", runtime == kUnknown ? "" : short_length(runtime));
  if (const auto age = fact_text(catalog, movie, Fact::kAge)) add("Age rating", *age);
  add("Rating", catalog.rating_tenths(movie) == kUnknown ? "" : rating_text(catalog, movie));
  add_people(catalog.directors(movie).size() > 1 ? "Directors" : "Director", catalog.directors(movie));
  add_people(catalog.writers(movie).size() > 1 ? "Writers" : "Writer", catalog.writers(movie));
  add_people("Cast", catalog.cast(movie));
  return lines;
}

}  // namespace matinee
