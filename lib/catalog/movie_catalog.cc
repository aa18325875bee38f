#include "lib/catalog/movie_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

#include "lib/base/format_error.h"
#include "lib/base/parallel.h"
#include "lib/catalog/lazy_texts.h"
#include "lib/catalog/list_column.h"
#include "lib/catalog/text_order.h"
#include "lib/io/offsets.h"

namespace matinee {
namespace {

std::size_t at(std::int32_t index) { return static_cast<std::size_t>(index); }

// "Heat (1995)" is the text "Heat" with the number 1995; "Heat [tt0113277]" the text "Heat" with the id.
struct NumberedText {
  std::string_view text;
  std::int32_t number = kUnknown;
};

std::optional<NumberedText> numbered(std::string_view name) {
  const std::size_t open = name.rfind(" (");
  if (open == name.npos || !name.ends_with(')')) return {};
  NumberedText parts{name.substr(0, open)};
  const char* end = name.data() + name.size() - 1;
  if (std::from_chars(name.data() + open + 2, end, parts.number).ptr != end) return {};
  return parts;
}

std::optional<std::string_view> bracketed_id(std::string_view name) {
  const std::size_t open = name.rfind(" [");
  if (open == name.npos || !name.ends_with(']')) return {};
  return name.substr(open + 2, name.size() - open - 3);
}

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
    read_optional();
    movie_names = std::make_unique<LazyTexts>(at(movies));
    person_names = std::make_unique<LazyTexts>(at(people));
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
    if (other_title_rows.size() != at(movies) + 1 || !are_offsets(other_title_rows, limit)) {
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

  // Movies with this name before an id is added to it.
  std::vector<std::int32_t> movies_called(std::string_view plain) const {
    std::vector<std::int32_t> found;
    const auto add = [&](std::span<const std::int32_t> rows) { found.insert(found.end(), rows.begin(), rows.end()); };
    add(by_title.get().rows(plain, kUnknown));
    if (const auto parts = numbered(plain)) add(by_title.get().rows(parts->text, parts->number));
    return found;
  }

  std::string name_of_movie(std::int32_t movie) const {
    std::string plain = year[at(movie)] == kUnknown ? std::string(title[at(movie)])
                                                    : fmt::format("{} ({})", title[at(movie)], year[at(movie)]);
    if (movies_called(plain).size() > 1) plain += fmt::format(" [{}]", tconst[at(movie)]);
    return plain;
  }

  std::string name_of_person(std::int32_t person) const {
    const std::string_view plain = name[at(person)];
    const std::int32_t born = birth[at(person)];
    if (by_name.get().rows(plain).size() <= 1) return std::string(plain);
    if (born != kUnknown && by_name.get().rows(plain, born).size() == 1) return fmt::format("{} ({})", plain, born);
    return fmt::format("{} [{}]", plain, nconst[at(person)]);
  }

  // The rows of one of the column's values; the order is in the file, or made when it is first needed.
  class Order {
   public:
    Order(const Impl& owner, const char* tensor, const StringColumn& texts,
          const std::span<const std::int32_t>* numbers)
        : owner_(owner), tensor_(tensor), texts_(texts), numbers_(numbers) {}

    const TextOrder& get() const {
      std::call_once(once_, [&] {
        const auto numbers = numbers_ == nullptr ? std::span<const std::int32_t>() : *numbers_;
        std::span<const std::int32_t> order;
        if (owner_.file.find(tensor_) != nullptr) {
          order = owner_.numbers(tensor_, static_cast<std::int32_t>(texts_.size()));
          if (!are_indices(order, static_cast<std::int32_t>(texts_.size())))
            throw bad_data("{}: column \"{}\": a value is no row", owner_.file.path(), tensor_);
        } else {
          ThreadPool pool(1);
          made_ = order_of_texts(texts_, numbers, pool);
          order = made_;
        }
        rows_ = TextOrder(texts_, numbers, order);
      });
      return rows_;
    }

    // The first row with this text.
    std::optional<std::int32_t> find(std::string_view text) const {
      const auto rows = get().rows(text);
      return rows.empty() ? std::nullopt : std::optional(rows.front());
    }

   private:
    const Impl& owner_;
    const char* tensor_;
    const StringColumn& texts_;
    const std::span<const std::int32_t>* numbers_;
    mutable std::once_flag once_;
    mutable std::vector<std::int32_t> made_;
    mutable TextOrder rows_;
  };

  // The movies of each person, made when they are first needed.
  struct Filmography {
    mutable std::once_flag once;
    mutable std::unique_ptr<Inverse> inverse;
    std::span<const std::int32_t> of(const Impl& catalog, const ListColumn& lists, std::int32_t person) const {
      std::call_once(once, [&] { inverse = std::make_unique<Inverse>(lists, catalog.movies, catalog.people); });
      return (*inverse)[person];
    }
  };

  SafetensorsFile file;
  std::int32_t movies = 0, people = 0;
  StringColumn tconst, title, original, nconst, name, certificates, other_titles;
  std::span<const std::int64_t> other_title_rows;
  std::span<const std::int32_t> year, runtime, votes, rating, birth;
  std::vector<std::string> genres;
  ListColumn genre_lists, cast, directors, writers;
  Filmography acted, directed;
  std::unique_ptr<LazyTexts> movie_names, person_names;
  Order by_tconst{*this, "tconst.order", tconst, nullptr}, by_nconst{*this, "nconst.order", nconst, nullptr};
  Order by_title{*this, "primaryTitle.order", title, &year}, by_name{*this, "primaryName.order", name, &birth};
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
std::string_view MovieCatalog::display_name(MovieId movie) const {
  return impl_->movie_names->get(at(movie), [&] { return impl_->name_of_movie(movie); });
}
const std::vector<std::string>& MovieCatalog::genres() const { return impl_->genres; }
std::string_view MovieCatalog::nconst(PersonId person) const { return impl_->nconst[at(person)]; }
std::string_view MovieCatalog::person_name(PersonId person) const { return impl_->name[at(person)]; }
std::string_view MovieCatalog::person_display_name(PersonId person) const {
  return impl_->person_names->get(at(person), [&] { return impl_->name_of_person(person); });
}
std::span<const std::int32_t> MovieCatalog::acted_in(PersonId person) const {
  return impl_->acted.of(*impl_, impl_->cast, person);
}
std::span<const std::int32_t> MovieCatalog::directed(PersonId person) const {
  return impl_->directed.of(*impl_, impl_->directors, person);
}

std::uint32_t MovieCatalog::genre_mask(MovieId movie) const {
  std::uint32_t mask = 0;
  for (const std::int32_t genre : genres_of(movie)) mask |= 1u << genre;
  return mask;
}

std::optional<GenreId> MovieCatalog::genre_id(std::string_view name) const {
  const auto found = std::find(impl_->genres.begin(), impl_->genres.end(), name);
  return found == impl_->genres.end() ? std::nullopt
                                      : std::optional(static_cast<GenreId>(found - impl_->genres.begin()));
}

std::optional<MovieId> MovieCatalog::find_tconst(std::string_view tconst) const {
  return impl_->by_tconst.find(tconst);
}
std::optional<PersonId> MovieCatalog::find_nconst(std::string_view nconst) const {
  return impl_->by_nconst.find(nconst);
}

std::optional<MovieId> MovieCatalog::find_display_name(std::string_view name) const {
  if (const auto id = bracketed_id(name)) {
    const auto movie = find_tconst(*id);
    if (movie && display_name(*movie) == name) return movie;
  }
  const auto found = impl_->movies_called(name);
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

std::optional<PersonId> MovieCatalog::find_person_display_name(std::string_view name) const {
  const TextOrder& names = impl_->by_name.get();
  if (const auto same = names.rows(name); same.size() == 1) return same.front();
  if (const auto id = bracketed_id(name)) {
    const auto person = find_nconst(*id);
    if (person && person_display_name(*person) == name) return person;
  }
  if (const auto parts = numbered(name)) {
    const auto born = names.rows(parts->text, parts->number);
    if (born.size() == 1 && person_display_name(born.front()) == name) return born.front();
  }
  return {};
}

}  // namespace matinee
