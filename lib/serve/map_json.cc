#include "lib/serve/map_json.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "lib/io/json_writer.h"
#include "lib/vectors/movie_map.h"

namespace matinee {
namespace {

constexpr std::int32_t kMostMovies = 20'000;  // about 1.2 MB
constexpr float kUnits = 10'000;              // of a coordinate from 0 to 1

// By genre, the number of movies that have it.
std::vector<std::int32_t> movies_by_genre(const MovieCatalog& catalog) {
  std::vector<std::int32_t> counts(catalog.genres().size());
  for (MovieId movie = 0; movie < catalog.size(); ++movie) {
    for (const GenreId genre : catalog.genres_of(movie)) ++counts[static_cast<std::size_t>(genre)];
  }
  return counts;
}

// The genre of a movie that says most: the one that the fewest movies have.
std::string_view rarest_genre(const MovieCatalog& catalog, MovieId movie, std::span<const std::int32_t> counts) {
  const auto genres = catalog.genres_of(movie);
  if (genres.empty()) return "";
  const GenreId rarest = *std::min_element(genres.begin(), genres.end(), [&](GenreId a, GenreId b) {
    return counts[static_cast<std::size_t>(a)] < counts[static_cast<std::size_t>(b)];
  });
  return catalog.genres()[static_cast<std::size_t>(rarest)];
}

}  // namespace

std::optional<std::string> map_json(const MovieCatalog& catalog) {
  const std::span<const float> places = stored_map(catalog);
  if (places.empty()) return {};
  const std::vector<std::int32_t> counts = movies_by_genre(catalog);
  std::string out;
  JsonWriter json(out);
  const auto list = [&](const char* name, const auto& append) {
    json.key(name).begin_array();
    for (MovieId movie = 0; movie < std::min(catalog.size(), kMostMovies); ++movie) append(movie);
    json.end_array();
  };
  const auto place = [&](MovieId movie, std::size_t axis) {
    json.integer(std::lround(places[2 * static_cast<std::size_t>(movie) + axis] * kUnits));
  };
  json.begin_object();
  list("tconst", [&](MovieId movie) { json.string(catalog.tconst(movie)); });
  list("title", [&](MovieId movie) { json.string(catalog.title(movie)); });
  list("year", [&](MovieId movie) { json.integer(catalog.year(movie)); });
  list("genre", [&](MovieId movie) { json.string(rarest_genre(catalog, movie, counts)); });
  list("votes", [&](MovieId movie) { json.integer(catalog.votes(movie)); });
  list("x", [&](MovieId movie) { place(movie, 0); });
  list("y", [&](MovieId movie) { place(movie, 1); });
  json.end_object();
  return out;
}

}  // namespace matinee
