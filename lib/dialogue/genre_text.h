#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace matinee {

/// How the system words a genre of the catalog, given its name ("Sci-Fi").

/// One movie of the genre: "a sci-fi movie", "a thriller", "an action movie".
std::string a_genre(std::string_view genre);
/// Several: "sci-fi movies", "thrillers", "comedies".
std::string genre_plural(std::string_view genre);
/// A short name for a movie of several genres, which need not all be in it: "romantic comedy", "animated movie", "crime
/// thriller"; "movie" without genres.
std::string short_kind(std::span<const std::string> genres);
/// The same with all of the genres: "animated family movie", "romantic crime comedy", "comedy thriller".
std::string full_kind(std::span<const std::string> genres);
/// The words by which a text says that a movie is of the genre: "animation", "animations", "animated";
/// "romance", "romances", "romantic".
std::vector<std::string> genre_claims(std::string_view genre);

}  // namespace matinee
