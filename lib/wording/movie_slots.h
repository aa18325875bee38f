#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/dialogue/system_act.h"
#include "lib/wording/phrasebook.h"

namespace matinee {

/// Adds what the catalog knows of a movie to `slots`; what it does not know has no slot. Each name ends with `suffix`.
///
///   movie, title      "Heat (1995)", "Heat"
///   star, stars       the first one or two of the cast, without the people of `mentioned`
///   director          "Michael Mann"; none where one of `mentioned` directed it
///   kind, a_kind      "crime thriller", "a crime thriller"
///   year, a_year, age "1995", "a 1995" (film), "R"
///   length, spoken    "2 h 50 min", "about two hours and 50 minutes"
///   rating, praise    "8.3"; praise is the rating where many people rated it highly
void add_movie_slots(PhraseSlots& slots, const MovieCatalog& catalog, MovieId movie,
                     std::span<const PersonId> mentioned = {}, const std::string& suffix = "");

/// What a reply may say of a movie beside its reasons: "crime thriller by Michael Mann with Al Pacino and Robert De
/// Niro, 2 h 50 min, rated 8.3". From it follow all slots of add_movie_slots but movie, title, year and age, whichever
/// people of `mentioned` it gets. `mentioned` are not named again. `brief`: without the second star, the length and the
/// rating.
std::string facts_for_prompt(const MovieCatalog& catalog, MovieId movie, std::span<const PersonId> mentioned,
                             bool brief);

/// The names of the movie's genres.
std::vector<std::string> genre_names(const MovieCatalog& catalog, MovieId movie);

}  // namespace matinee
