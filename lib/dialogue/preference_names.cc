#include "lib/dialogue/preference_names.h"

#include "lib/base/format_error.h"

namespace matinee {
namespace {

template <class T>
T known(std::string_view text, const char* what, std::optional<T> found) {
  if (!found) throw bad_data("the catalog has no {} \"{}\"", what, text);
  return *found;
}

}  // namespace

MovieId DisplayNames::movie(std::string_view text) const {
  if (const auto movie = catalog_.find_display_name(text)) return *movie;
  return known(text, "movie", catalog_.find_tconst(text));
}

PersonId DisplayNames::person(std::string_view text) const {
  return known(text, "person", catalog_.find_person_display_name(text));
}

std::vector<GenreId> DisplayNames::genres(std::string_view text) const {
  return {known(text, "genre", catalog_.genre_id(text))};
}

}  // namespace matinee
