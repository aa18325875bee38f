#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// A folded word or phrase for a genre ("biopic") or for several together ("rom com"), by their names on IMDb.
struct GenrePhrase {
  std::string_view phrase;
  std::vector<std::string_view> genres;
};

/// All of lib/catalog/words/genre_words.txt, in its order.
std::span<const GenrePhrase> genre_phrases();

/// The genres of the catalog that a text means: by their names in any case, or by a phrase of genre_phrases().
/// Nothing if it means none that the catalog has.
std::optional<std::vector<GenreId>> genres_named(std::string_view text, const MovieCatalog& catalog);

/// The message for another text: "no genre "Opera"; the catalog has Action, Comedy, ...", with the nearest word for a
/// genre, if one is near.
std::string no_such_genre(std::string_view text, const MovieCatalog& catalog);

}  // namespace matinee
