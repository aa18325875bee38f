#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lib/base/parallel.h"
#include "lib/catalog/movie_catalog.h"
#include "lib/catalog/title_query.h"

namespace matinee {

/// How a text names a title: as it is written; by the same key (title_key) or a short form; with typing errors; by
/// words of it.
enum class TitleMatch { kNone, kExact, kFolded, kFuzzy, kWords };

struct TitleLookup {
  TitleMatch match = TitleMatch::kNone;  ///< of the first movie
  /// The likeliest first: the closer the title is to the text and the more votes the movie has, the likelier; several
  /// if they are meant about as well. For kNone: the nearest titles, as suggestions.
  std::vector<MovieId> movies;
};

/// Finds movies by title: as it is written; ignoring case, accents, articles and "and"; with number words, Roman
/// numerals and digits alike ("Godfather 2"); by a short form (title_parts.h) or a title in another country. What none
/// of these finds is looked for with typing errors, which digits never are, and by words of the title ("shawshank"). A
/// year selects: "Heat (1995)", or "Heat 1995" where no title is so. A year that is off by one is accepted.
class TitleIndex {
 public:
  /// Reads the catalog's stored keys; where it has none, the first search makes them. `pool` (null: one thread) and
  /// `catalog` must outlive this.
  explicit TitleIndex(const MovieCatalog& catalog, ThreadPool* pool = nullptr);
  ~TitleIndex();

  /// `year` selects, too, if it is known. One thread at a time, or from bodies of the pool.
  TitleLookup find(std::string_view title, std::int32_t year = kUnknown) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
