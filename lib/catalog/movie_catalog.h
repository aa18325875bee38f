#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/io/safetensors.h"

namespace matinee {

/// Row of a movie in the catalog, from 0 in order of numVotes (most first). -1 is none.
using MovieId = std::int32_t;
/// Row of a person in the catalog. -1 is none.
using PersonId = std::int32_t;
/// Index into MovieCatalog::genres().
using GenreId = std::int32_t;

/// The value of startYear, runtimeMinutes, numVotes and averageRating where IMDb has \N or no row.
inline constexpr std::int32_t kUnknown = -1;

/// The value of matinee.kind in files of catalogs, spelled as in the first version of the format.
inline constexpr const char* kCatalogKind = "catalogue";

/// The joined catalog: the most voted-for movies with their people, mapped from a file of kind kCatalogKind
/// (docs/formats.md). Movies are identified by tconst and people by nconst; names are for display. Immutable: any
/// thread may read.
class MovieCatalog {
 public:
  /// Throws Error(kBadData) if the file is of another kind or violates its format.
  explicit MovieCatalog(const std::string& path);
  MovieCatalog(MovieCatalog&&) noexcept;
  ~MovieCatalog();

  std::int32_t size() const;  ///< movies
  std::int32_t people_count() const;
  const std::string& path() const;
  const SafetensorsFile& file() const;  ///< lib/vectors reads the vectors from it

  std::string_view tconst(MovieId movie) const;
  std::string_view title(MovieId movie) const;           ///< primaryTitle
  std::string_view original_title(MovieId movie) const;  ///< originalTitle
  /// Further titles, from title.akas: those of other countries, working titles. Empty if the catalog has none.
  std::vector<std::string_view> other_titles(MovieId movie) const;
  std::int32_t year(MovieId movie) const;             ///< startYear
  std::int32_t runtime(MovieId movie) const;          ///< minutes
  std::int32_t votes(MovieId movie) const;            ///< numVotes
  std::int32_t rating_tenths(MovieId movie) const;    ///< averageRating × 10
  std::string_view certificate(MovieId movie) const;  ///< age rating ("PG-13"); empty if unknown
  std::span<const std::int32_t> genres_of(MovieId movie) const;
  std::uint32_t genre_mask(MovieId movie) const;                 ///< bit g set: genre g
  std::span<const std::int32_t> cast(MovieId movie) const;       ///< people by billing order
  std::span<const std::int32_t> directors(MovieId movie) const;  ///< people
  std::span<const std::int32_t> writers(MovieId movie) const;    ///< people

  /// "Heat (1995)"; followed by the tconst if another movie of the catalog has the same title and year.
  std::string_view display_name(MovieId movie) const;

  const std::vector<std::string>& genres() const;  ///< sorted; at most 32
  std::optional<GenreId> genre_id(std::string_view name) const;

  std::string_view nconst(PersonId person) const;
  std::string_view person_name(PersonId person) const;  ///< primaryName
  /// primaryName; followed by the birth year, or else the nconst, if several people of the catalog share the name.
  std::string_view person_display_name(PersonId person) const;
  /// Movies of the catalog in which the person plays, ascending.
  std::span<const std::int32_t> acted_in(PersonId person) const;
  /// Movies of the catalog that the person directed, ascending.
  std::span<const std::int32_t> directed(PersonId person) const;

  std::optional<MovieId> find_tconst(std::string_view tconst) const;
  std::optional<PersonId> find_nconst(std::string_view nconst) const;
  /// By display name, exactly.
  std::optional<MovieId> find_display_name(std::string_view name) const;
  std::optional<PersonId> find_person_display_name(std::string_view name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
