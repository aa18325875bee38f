#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

enum class TitleMatch { kNone, kExact, kFolded, kFuzzy };

struct TitleLookup {
  TitleMatch match = TitleMatch::kNone;
  std::vector<MovieId>
      movies;  ///< most votes first; several if ambiguous. For kNone: the nearest titles, as suggestions
};

/// Finds movies by title: exactly, then ignoring case, accents and articles, then with typing errors. A year in
/// parentheses after the title, or `year`, selects among movies with the same title.
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
