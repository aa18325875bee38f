#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// Paths of the tables of one IMDb release: TSV (plain or gzip) or the output of tsv2bin.
struct CatalogTables {
  std::string basics, ratings, crew, principals, names;
  std::string akas, certificates;  ///< title.akas and title.certificates; "": not there
  /// The files of a folder: title.basics.{bin,tsv,tsv.gz} and so on, or a folder of that name with one file in it.
  /// Throws Error(kMissing) with the name of the first of the five necessary ones that is not there.
  static CatalogTables in_folder(const std::string& folder);
};

struct CatalogOptions {
  std::int64_t top = 10000;                 ///< keep this many, the most voted-for
  std::vector<std::string> types{"movie"};  ///< values of titleType
  std::int64_t cast_size = 10;              ///< people per movie, by ordering
  bool adult = false;                       ///< keep titles with isAdult, too
  bool keep_going = false;                  ///< skip bad rows of TSV, and count them
};

/// Counts of the join. Dangling references are counted and reported; they are not errors.
struct CatalogReport {
  std::int64_t titles_read = 0, titles_of_type = 0, kept = 0;
  std::int64_t adult = 0, without_title = 0;                            ///< of the type, left out
  std::int64_t twice = 0;                                               ///< later rows of a title, left out
  std::int64_t without_rating = 0, without_crew = 0, without_cast = 0;  ///< among the kept
  std::int64_t dangling_people = 0;      ///< references of kept movies to an nconst that name.basics lacks
  std::int64_t people_without_name = 0;  ///< left out
  std::int64_t ratings_without_title = 0, crew_without_title = 0, principals_without_title = 0;
  std::int64_t bad_rows = 0;  ///< skipped with keep_going
  std::string first_bad;      ///< what was wrong with the first of them
  std::string describe() const;
};

/// The joined catalog in memory, before it is written; `embed` adds the vectors.
class CatalogBuilder {
 public:
  /// Reads the tables; `pool` parses TSV. Throws Error(kMissing / kBadData) with the path of the table.
  CatalogBuilder(const CatalogTables& tables, const CatalogOptions& options, ThreadPool& pool);
  ~CatalogBuilder();

  const CatalogReport& report() const;
  std::int32_t size() const;
  /// Declares and writes all tensors of the catalog through `writer`; the caller may add further tensors.
  void declare(SafetensorsWriter& writer) const;
  void write(SafetensorsWriter& writer) const;
  /// Writes a catalog without vectors (kind kCatalogKind).
  void save(const std::string& path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
