#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// Lower case, without accents and punctuation, words parted by one space: what names are compared by.
/// "Amélie!" is "amelie"; "WALL·E" is "wall e".
std::string fold_name(std::string_view text);
/// fold_name without a leading or trailing article ("The Matrix", "Matrix, The": "matrix").
std::string fold_title(std::string_view text);
/// Damerau-Levenshtein distance (optimal string alignment) of two byte strings, or limit + 1 where it is more.
int edit_distance(std::string_view a, std::string_view b, int limit);

enum class TitleMatch { kNone, kExact, kFolded, kFuzzy };

struct TitleLookup {
  TitleMatch match = TitleMatch::kNone;
  std::vector<MovieId> movies;  ///< most voted-for first; several: ambiguous. For kNone: the nearest, as suggestions
};

/// Finds movies by title: exactly, then without case, accents and articles, then with typing errors. A year in
/// parentheses behind the title, or `year`, decides between movies that share one.
class TitleIndex {
 public:
  explicit TitleIndex(const MovieCatalog& catalog);
  ~TitleIndex();
  TitleLookup find(std::string_view title, std::int32_t year = kUnknown) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace matinee
