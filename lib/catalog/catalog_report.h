#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/table/tsv_reader.h"

namespace matinee {

struct CatalogOptions {
  std::int64_t top = 10000;                 ///< keep this many, the most voted-for
  std::vector<std::string> types{"movie"};  ///< values of titleType
  std::int64_t cast_size = 10;              ///< people per movie, by ordering
  bool adult = false;                       ///< keep titles with isAdult, too
  TsvReadOptions read = {};                 ///< of tables that are TSV
  /// Called from any thread with numbers of rows that were read, for the display of progress.
  std::function<void(std::uint64_t)> on_rows = {};
};

/// Counts of the join. Dangling references are counted and reported; they are not errors.
struct CatalogReport {
  std::int64_t titles_read = 0, titles_of_type = 0, kept = 0;
  std::int64_t adult = 0, without_title = 0;                            ///< of the type, left out
  std::int64_t twice = 0;                                               ///< later rows of a title, left out
  std::int64_t ratings_twice = 0, people_twice = 0;                     ///< later rows, left out
  std::int64_t without_rating = 0, without_crew = 0, without_cast = 0;  ///< among the kept
  std::int64_t dangling_people = 0;      ///< references of kept movies to an nconst that name.basics lacks
  std::int64_t people_without_name = 0;  ///< left out
  std::int64_t ratings_without_title = 0, crew_without_title = 0, principals_without_title = 0;
  std::int64_t rare_genres = 0;    ///< genres left out because a catalog has at most 32
  std::string first_rare_genre;    ///< the most frequent of them
  std::int64_t strange_ids = 0;    ///< rows left out because their id is not "tt" or "nm" and digits
  std::string first_strange_id;    ///< with its table
  std::int64_t bad_rows = 0;       ///< skipped with keep_going
  std::string first_bad;           ///< what was wrong with the first of them
  std::vector<std::string> notes;  ///< which tables are missing, and what follows from it
  std::string describe() const;
};

}  // namespace matinee
