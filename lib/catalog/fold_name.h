#pragma once

#include <string>
#include <string_view>

namespace matinee {

/// The form in which names are compared: lower case, without accents and punctuation, words separated by one space.
/// "Amélie!" is "amelie"; "WALL·E" is "wall e"; letters without a decomposition have their usual spelling, "Brødre" is
/// "brodre".
std::string fold_name(std::string_view text);
/// fold_name without a leading or trailing article ("The Matrix", "Matrix, The": "matrix").
std::string fold_title(std::string_view text);
/// Damerau-Levenshtein distance (optimal string alignment) of two byte strings, or limit + 1 where it is more.
int edit_distance(std::string_view a, std::string_view b, int limit);

}  // namespace matinee
