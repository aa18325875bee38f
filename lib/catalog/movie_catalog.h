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

/// What startYear, runtimeMinutes, numVotes and averageRating hold where IMDb has \N or no row.
inline constexpr std::int32_t kUnknown = -1;

/// The joined catalog: the most voted-for movies with their people, mapped from a file of kind "catalog"
/// (docs/formats.md). Movies are known by tconst and people by nconst; names are for display. Immutable: any thread may
/// read.
class MovieCatalog {
 public:
  /// Throws Error where the file is of another kind or breaks a rule of its format.
  explicit MovieCatalog(const std::string& path);
  MovieCatalog(MovieCatalog&&) noexcept;
  ~MovieCatalog();

  std::int32_t size() const;  ///< movies
  std::int32_t people_count() const;
  const std::string& path() const;
  const SafetensorsFile& file() const;  ///< for the vectors, which lib/vectors reads

  std::string_view tconst(MovieId movie) const;
  std::string_view title(MovieId movie) const;           ///< primaryTitle
  std::string_view original_title(MovieId movie) const;  ///< originalTitle
  std::int32_t year(MovieId movie) const;                ///< startYear
  std::int32_t runtime(MovieId movie) const;             ///< minutes
  std::int32_t votes(MovieId movie) const;               ///< numVotes
  std::int32_t rating_tenths(MovieId movie) const;       ///< averageRating × 10
  std::span<const std::int32_t> genres_of(MovieId movie) const;
  std::uint32_t genre_mask(MovieId movie) const;                 ///< bit g set: genre g
  std::span<const std::int32_t> cast(MovieId movie) const;       ///< people by billing order
  std::span<const std::int32_t> directors(MovieId movie) const;  ///< people
  std::span<const std::int32_t> writers(MovieId movie) const;    ///< people

  /// "Heat (1995)"; with tconst behind where another movie of the catalog has the same title and year.
  std::string_view display_name(MovieId movie) const;

  const std::vector<std::string>& genres() const;  ///< sorted; at most 32
  std::optional<GenreId> genre_id(std::string_view name) const;

  std::string_view nconst(PersonId person) const;
  std::string_view person_name(PersonId person) const;  ///< primaryName
  std::int32_t birth_year(PersonId person) const;
  /// primaryName; with the birth year, or else the nconst, behind where several people of the catalog share the name.
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

/// Where the tables of one IMDb release are: TSV (plain or gzip) or what tsv2bin made of it.
struct CatalogTables {
  std::string basics, ratings, crew, principals, names;
  /// The five files of a folder: title.basics.{bin,tsv,tsv.gz} and so on. Throws Error(kMissing) naming the one it
  /// lacks.
  static CatalogTables in_folder(const std::string& folder);
};

struct CatalogOptions {
  std::int64_t top = 10000;     ///< keep this many, the most voted-for
  std::string type = "movie";   ///< titleType
  std::int64_t cast_size = 10;  ///< people per movie, by ordering
};

/// What the join found; dangling references are counted, never fatal, never silent.
struct CatalogReport {
  std::int64_t titles_read = 0, titles_of_type = 0, kept = 0;
  std::int64_t without_rating = 0, without_crew = 0, without_cast = 0;  ///< among the kept
  std::int64_t dangling_people = 0;  ///< references of kept movies to an nconst that name.basics lacks
  std::int64_t ratings_without_title = 0, crew_without_title = 0, principals_without_title = 0;
  std::string describe() const;
};

/// The joined catalog before it is written: `embed` adds the vectors.
class CatalogBuilder {
 public:
  CatalogBuilder(const CatalogTables& tables, const CatalogOptions& options);
  ~CatalogBuilder();

  const CatalogReport& report() const;
  std::int32_t size() const;
  /// Declares and writes all tensors of the catalog through `writer`, which a caller may give further tensors.
  void declare(SafetensorsWriter& writer) const;
  void write(SafetensorsWriter& writer) const;
  /// Writes a catalog without vectors (kind "catalog").
  void save(const std::string& path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
