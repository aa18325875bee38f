#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/catalog/table_pass.h"
#include "lib/catalog/title_selection.h"
#include "lib/io/safetensors.h"

namespace matinee {

/// Titles of the movies in other countries: movie m has texts rows[m] to rows[m + 1].
struct OtherTitles {
  StringColumnBuilder texts;
  std::vector<std::int64_t> rows{0};
};

/// Reads title.akas. Original titles come first, then those that IMDb displays in a country, then others, each in the
/// order of the table; at most 64 of a movie. Left out are working titles, literal translations, transliterations, and
/// what equals the movie's titles, or one before, up to case, accents and punctuation. "": there are none.
OtherTitles read_other_titles(const std::string& path, const SelectedTitles& titles, JoinContext& context);

/// Reads title.certificates: the age rating of each movie, the first row of a title; empty where it is unknown.
StringColumnBuilder read_certificates(const std::string& path, const SelectedTitles& titles, JoinContext& context);

}  // namespace matinee
