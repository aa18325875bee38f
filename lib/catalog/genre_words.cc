#include "lib/catalog/genre_words.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "lib/base/words.h"
#include "lib/catalog/fold_name.h"
#include "lib/catalog/title_query.h"

extern "C" {
extern const char matinee_genre_words_begin[], matinee_genre_words_end[];
}

namespace matinee {
namespace {

std::vector<std::string_view> pieces(std::string_view text, char separator) {
  std::vector<std::string_view> all;
  for_each_piece(text, separator, [&](std::string_view piece) {
    if (piece = trimmed(piece); !piece.empty()) all.push_back(piece);
  });
  return all;
}

}  // namespace

std::span<const GenrePhrase> genre_phrases() {
  static const std::vector<GenrePhrase> phrases = [] {
    const std::string_view all(matinee_genre_words_begin,
                               static_cast<std::size_t>(matinee_genre_words_end - matinee_genre_words_begin));
    std::vector<GenrePhrase> found;
    std::vector<std::string_view> genres;
    for (const std::string_view line : pieces(all, '\n')) {
      if (line.starts_with('#')) continue;
      if (line.starts_with('[')) {
        genres = pieces(line.substr(1, line.find(']') - 1), '+');
      } else {
        for (const std::string_view phrase : pieces(line, ',')) found.push_back({phrase, genres});
      }
    }
    return found;
  }();
  return phrases;
}

std::optional<std::vector<GenreId>> genres_named(std::string_view text, const MovieCatalog& catalog) {
  const std::string folded = fold_name(text);
  for (std::size_t genre = 0; genre < catalog.genres().size(); ++genre) {
    if (fold_name(catalog.genres()[genre]) == folded) return std::vector{static_cast<GenreId>(genre)};
  }
  for (const GenrePhrase& phrase : genre_phrases()) {
    if (phrase.phrase != folded) continue;
    std::vector<GenreId> genres;
    for (const std::string_view name : phrase.genres) {
      const auto genre = catalog.genre_id(name);
      if (!genre) return {};
      genres.push_back(*genre);
    }
    return genres;
  }
  return {};
}

std::string no_such_genre(std::string_view text, const MovieCatalog& catalog) {
  const std::string folded = fold_name(text);
  std::string_view nearest;
  int least = folded.size() < 5 ? 2 : 3;  // one error, or two
  const auto look = [&](const std::string& other, std::string_view name) {
    const int errors = edit_distance(folded, other, 2);
    if (errors < least) {
      least = errors;
      nearest = name;
    }
  };
  for (const std::string& name : catalog.genres()) look(fold_name(name), name);
  for (const GenrePhrase& phrase : genre_phrases()) {
    if (catalog.genre_id(phrase.genres.front())) look(std::string(phrase.phrase), phrase.phrase);
  }
  return fmt::format("no genre \"{}\"; {}the catalog has {}", text,
                     nearest.empty() ? "" : fmt::format("is \"{}\" meant? ", nearest),
                     fmt::join(catalog.genres(), ", "));
}

}  // namespace matinee
