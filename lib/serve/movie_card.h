#pragma once

#include <span>
#include <string>
#include <vector>

#include "lib/chat/chat_system.h"
#include "lib/chat/viewing_history.h"
#include "lib/io/json_writer.h"

namespace matinee {

/// A film as the page shows it (docs/formats.md, "HTTP").
struct MovieCard {
  MovieId movie;
  std::vector<Reason> reasons{};  ///< why it was chosen
  Verdict verdict = Verdict::kNone;
  std::vector<MovieId> like{};  ///< the nearest movies
};

void append_card(JsonWriter& json, const MovieCard& card, const MovieCatalog& catalog);
/// tconst, title and year only.
void append_title(JsonWriter& json, const MovieCatalog& catalog, MovieId movie);

/// The reason for people: "a comedy", "with Al Pacino", "directed by Michael Mann", "from 1995", "2 h 50 min long",
/// "well known", "little known", "like Ronin (1998)".
std::string reason_text(const MovieCatalog& catalog, MovieId movie, const Reason& reason);

}  // namespace matinee
