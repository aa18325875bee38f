#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// How the system words a genre of the catalog, given its name ("Sci-Fi").

/// One movie of the genre: "a sci-fi movie", "a thriller", "an action movie".
std::string a_genre(std::string_view genre);
/// Several: "sci-fi movies", "thrillers", "comedies".
std::string genre_plural(std::string_view genre);
/// The words by which a text says that a movie is of the genre: "animation", "animations", "animated".
std::vector<std::string> genre_claims(std::string_view genre);

}  // namespace matinee
