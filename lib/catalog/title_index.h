#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

/// The id of a title ("tt0113277") that the text consists of, or that an imdb.com address in it has.
std::optional<std::string_view> tconst_in(std::string_view text);

/// Finds movies by title: exactly; then ignoring case, accents and articles; then with number words, Roman numerals and
/// digits alike ("Godfather 2") or by a short form (title_parts.h); then with typing errors, which digits never are. A
/// year in parentheses after the title, or `year`, selects among movies with the same title. Suggestions are near
/// titles, then titles with the same words.
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
