#include "lib/catalog/movie_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/catalog/list_column.h"

namespace matinee {
namespace {

std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }

// Index of a name among display names.
using NameMap = std::unordered_map<std::string_view, std::int32_t>;

// Movies by person, the inverse of a list column.
struct Inverse {
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> movies;

  Inverse(const ListColumn& people_of, std::int32_t movie_count, std::int32_t people_count)
      : offsets(at(people_count) + 1) {
    for (std::int32_t movie = 0; movie < movie_count; ++movie) {
      for (const std::int32_t person : people_of[at(movie)]) ++offsets[at(person) + 1];
    }
    for (std::size_t i = 1; i < offsets.size(); ++i) offsets[i] += offsets[i - 1];
    movies.resize(static_cast<std::size_t>(offsets.back()));
    auto next = offsets;
    for (std::int32_t movie = 0; movie < movie_count; ++movie) {
      for (const std::int32_t person : people_of[at(movie)])
        movies[static_cast<std::size_t>(next[at(person)]++)] = movie;
    }
  }

  std::span<const std::int32_t> operator[](std::int32_t person) const {
    const auto begin = static_cast<std::size_t>(offsets[at(person)]);
    return std::span(movies).subspan(begin, static_cast<std::size_t>(offsets[at(person) + 1]) - begin);
  }
};

}  // namespace

struct MovieCatalog::Impl {
  explicit Impl(const std::string& path) : file(path, kCatalogKind, "embed") {
    tconst = StringColumn(file, "tconst");
    title = StringColumn(file, "primaryTitle");
    original = StringColumn(file, "originalTitle");
    nconst = StringColumn(file, "nconst");
    name = StringColumn(file, "primaryName");
    movies = static_cast<std::int32_t>(tconst.size());
    people = static_cast<std::int32_t>(nconst.size());
    year = numbers("startYear", movies);
    runtime = numbers("runtimeMinutes", movies);
    votes = numbers("numVotes", movies);
    rating = numbers("averageRating", movies);
    birth = numbers("birthYear", people);
    const StringColumn genre_names(file, "genre_names");
    for (std::size_t g = 0; g < genre_names.size(); ++g) genres.emplace_back(genre_names[g]);
    if (genres.size() > 32) throw bad_data("{}: expected at most 32 genres, found {}", path, genres.size());
    genre_lists = ListColumn(file, "genres", movies, static_cast<std::int32_t>(genres.size()));
    cast = ListColumn(file, "cast", movies, people);
    directors = ListColumn(file, "directors", movies, people);
    writers = ListColumn(file, "writers", movies, people);
    if (title.size() != at(movies) || original.size() != at(movies) || name.size() != at(people)) {
      throw bad_data("{}: columns have different numbers of rows", path);
    }
    acted = std::make_unique<Inverse>(cast, movies, people);
    directed = std::make_unique<Inverse>(directors, movies, people);
    read_optional();
    name_everything();
  }

  // Columns that catalogs made before them lack.
  void read_optional() {
    if (file.find("certificate.offsets") != nullptr) {
      certificates = StringColumn(file, "certificate");
      if (certificates.size() != at(movies)) throw bad_data("{}: columns have different numbers of rows", file.path());
    }
    if (file.find("otherTitles.rows") == nullptr) return;
    other_titles = StringColumn(file, "otherTitles");
    other_title_rows = file.view<std::int64_t>("otherTitles.rows");
    const auto limit = static_cast<std::int64_t>(other_titles.size());
    if (other_title_rows.size() != at(movies) + 1 || other_title_rows.front() != 0 ||
        other_title_rows.back() != limit || !std::is_sorted(other_title_rows.begin(), other_title_rows.end())) {
      throw bad_data("{}: otherTitles.rows: expected {} offsets ascending from 0 to {}", file.path(), movies + 1,
                     limit);
    }
  }

  std::span<const std::int32_t> numbers(const char* column, std::int32_t rows) const {
    const auto values = file.view<std::int32_t>(column);
    if (values.size() != at(rows))
      throw bad_data("{}: column \"{}\" has {} rows of {}", file.path(), column, values.size(), rows);
    return values;
  }

  void name_everything() {
    std::unordered_map<std::string, int> shared;
    for (std::int32_t m = 0; m < movies; ++m) {
      const std::string plain =
          year[at(m)] == kUnknown ? std::string(title[at(m)]) : fmt::format("{} ({})", title[at(m)], year[at(m)]);
      ++shared[plain];
      display.push_back(plain);
    }
    for (std::int32_t m = 0; m < movies; ++m) {
      if (shared[display[at(m)]] > 1) display[at(m)] += fmt::format(" [{}]", tconst[at(m)]);
    }
    std::unordered_map<std::string_view, int> namesakes;
    std::unordered_map<std::string, int> with_year;
    for (std::int32_t p = 0; p < people; ++p) ++namesakes[name[at(p)]];
    const auto dated = [&](std::int32_t p) { return fmt::format("{} ({})", name[at(p)], birth[at(p)]); };
    for (std::int32_t p = 0; p < people; ++p) {
      if (namesakes[name[at(p)]] > 1 && birth[at(p)] != kUnknown) ++with_year[dated(p)];
    }
    for (std::int32_t p = 0; p < people; ++p) {
      if (namesakes[name[at(p)]] == 1) {
        person_display.emplace_back(name[at(p)]);
      } else if (birth[at(p)] != kUnknown && with_year[dated(p)] == 1) {
        person_display.push_back(dated(p));
      } else {
        person_display.push_back(fmt::format("{} [{}]", name[at(p)], nconst[at(p)]));
      }
    }
    for (std::int32_t m = 0; m < movies; ++m) {
      by_tconst.emplace(tconst[at(m)], m);
      by_display.emplace(display[at(m)], m);
    }
    for (std::int32_t p = 0; p < people; ++p) {
      by_nconst.emplace(nconst[at(p)], p);
      by_person_display.emplace(person_display[at(p)], p);
    }
  }

  SafetensorsFile file;
  std::int32_t movies = 0, people = 0;
  StringColumn tconst, title, original, nconst, name, certificates, other_titles;
  std::span<const std::int64_t> other_title_rows;
  std::span<const std::int32_t> year, runtime, votes, rating, birth;
  std::vector<std::string> genres;
  ListColumn genre_lists, cast, directors, writers;
  std::unique_ptr<Inverse> acted, directed;
  std::vector<std::string> display, person_display;
  NameMap by_tconst, by_display, by_nconst, by_person_display;
};

MovieCatalog::MovieCatalog(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
MovieCatalog::MovieCatalog(MovieCatalog&&) noexcept = default;
MovieCatalog::~MovieCatalog() = default;

std::int32_t MovieCatalog::size() const { return impl_->movies; }
std::int32_t MovieCatalog::people_count() const { return impl_->people; }
const std::string& MovieCatalog::path() const { return impl_->file.path(); }
const SafetensorsFile& MovieCatalog::file() const { return impl_->file; }
std::string_view MovieCatalog::tconst(MovieId movie) const { return impl_->tconst[at(movie)]; }
std::string_view MovieCatalog::title(MovieId movie) const { return impl_->title[at(movie)]; }
std::string_view MovieCatalog::original_title(MovieId movie) const { return impl_->original[at(movie)]; }
std::vector<std::string_view> MovieCatalog::other_titles(MovieId movie) const {
  std::vector<std::string_view> titles;
  if (impl_->other_title_rows.empty()) return titles;
  for (std::int64_t i = impl_->other_title_rows[at(movie)]; i < impl_->other_title_rows[at(movie) + 1]; ++i)
    titles.push_back(impl_->other_titles[static_cast<std::size_t>(i)]);
  return titles;
}
std::string_view MovieCatalog::certificate(MovieId movie) const {
  return impl_->certificates.size() == 0 ? std::string_view() : impl_->certificates[at(movie)];
}
std::int32_t MovieCatalog::year(MovieId movie) const { return impl_->year[at(movie)]; }
std::int32_t MovieCatalog::runtime(MovieId movie) const { return impl_->runtime[at(movie)]; }
std::int32_t MovieCatalog::votes(MovieId movie) const { return impl_->votes[at(movie)]; }
std::int32_t MovieCatalog::rating_tenths(MovieId movie) const { return impl_->rating[at(movie)]; }
std::span<const std::int32_t> MovieCatalog::genres_of(MovieId movie) const { return impl_->genre_lists[at(movie)]; }
std::span<const std::int32_t> MovieCatalog::cast(MovieId movie) const { return impl_->cast[at(movie)]; }
std::span<const std::int32_t> MovieCatalog::directors(MovieId movie) const { return impl_->directors[at(movie)]; }
std::span<const std::int32_t> MovieCatalog::writers(MovieId movie) const { return impl_->writers[at(movie)]; }
std::string_view MovieCatalog::display_name(MovieId movie) const { return impl_->display[at(movie)]; }
const std::vector<std::string>& MovieCatalog::genres() const { return impl_->genres; }
std::string_view MovieCatalog::nconst(PersonId person) const { return impl_->nconst[at(person)]; }
std::string_view MovieCatalog::person_name(PersonId person) const { return impl_->name[at(person)]; }
std::string_view MovieCatalog::person_display_name(PersonId person) const { return impl_->person_display[at(person)]; }
std::span<const std::int32_t> MovieCatalog::acted_in(PersonId person) const { return (*impl_->acted)[person]; }
std::span<const std::int32_t> MovieCatalog::directed(PersonId person) const { return (*impl_->directed)[person]; }

std::uint32_t MovieCatalog::genre_mask(MovieId movie) const {
  std::uint32_t mask = 0;
  for (const std::int32_t genre : genres_of(movie)) mask |= 1u << genre;
  return mask;
}

namespace {

std::optional<std::int32_t> look_up(const NameMap& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::optional<GenreId> MovieCatalog::genre_id(std::string_view name) const {
  const auto found = std::find(impl_->genres.begin(), impl_->genres.end(), name);
  return found == impl_->genres.end() ? std::nullopt
                                      : std::optional(static_cast<GenreId>(found - impl_->genres.begin()));
}

std::optional<MovieId> MovieCatalog::find_tconst(std::string_view tconst) const {
  return look_up(impl_->by_tconst, tconst);
}
std::optional<PersonId> MovieCatalog::find_nconst(std::string_view nconst) const {
  return look_up(impl_->by_nconst, nconst);
}
std::optional<MovieId> MovieCatalog::find_display_name(std::string_view name) const {
  return look_up(impl_->by_display, name);
}
std::optional<PersonId> MovieCatalog::find_person_display_name(std::string_view name) const {
  return look_up(impl_->by_person_display, name);
}

}  // namespace matinee
