#include "lib/serve/movie_card.h"

#include <fmt/format.h>

#include "lib/dialogue/movie_facts.h"
#include "lib/dialogue/spoken_text.h"

namespace matinee {
namespace {

void append_names(JsonWriter& json, const char* key, std::span<const PersonId> people, const MovieCatalog& catalog) {
  if (people.empty()) return;
  json.key(key).begin_array();
  for (const PersonId person : people) json.string(catalog.person_name(person));
  json.end_array();
}

void append_number(JsonWriter& json, const char* key, std::int32_t value) {
  if (value != kUnknown) json.field(key, value);
}

}  // namespace

std::string reason_text(const MovieCatalog& catalog, MovieId movie, const Reason& reason) {
  switch (reason.kind) {
    case Reason::Kind::kPerson:
      return fmt::format("{} {}", directs(catalog, movie, reason.id) ? "directed by" : "with",
                         catalog.person_name(reason.id));
    case Reason::Kind::kYears: return fmt::format("from {}", catalog.year(movie));
    case Reason::Kind::kRuntime: return short_length(catalog.runtime(movie)) + " long";
    case Reason::Kind::kPopular: return "well known";
    case Reason::Kind::kHidden: return "little known";
    case Reason::Kind::kGenre:
    case Reason::Kind::kSimilar: break;
  }
  return describe(catalog, movie, reason);
}

void append_title(JsonWriter& json, const MovieCatalog& catalog, MovieId movie) {
  json.begin_object().field("tconst", catalog.tconst(movie)).field("title", catalog.title(movie));
  append_number(json, "year", catalog.year(movie));
  json.end_object();
}

void append_card(JsonWriter& json, const MovieCard& card, const MovieCatalog& catalog) {
  const MovieId movie = card.movie;
  json.begin_object().field("tconst", catalog.tconst(movie)).field("title", catalog.title(movie));
  append_number(json, "year", catalog.year(movie));
  if (!catalog.genres_of(movie).empty()) {
    json.key("genres").begin_array();
    for (const GenreId genre : catalog.genres_of(movie)) json.string(catalog.genres()[static_cast<std::size_t>(genre)]);
    json.end_array();
  }
  append_number(json, "runtime", catalog.runtime(movie));
  if (catalog.rating_tenths(movie) != kUnknown) json.field("rating", catalog.rating_tenths(movie) / 10.0);
  append_number(json, "votes", catalog.votes(movie));
  if (!catalog.certificate(movie).empty()) json.field("certificate", catalog.certificate(movie));
  append_names(json, "directors", catalog.directors(movie), catalog);
  append_names(json, "cast", catalog.cast(movie), catalog);
  json.field("verdict", name_of(card.verdict));
  if (!card.reasons.empty()) {
    json.key("reasons").begin_array();
    for (const Reason& reason : card.reasons) json.string(reason_text(catalog, movie, reason));
    json.end_array();
  }
  if (!card.like.empty()) {
    json.key("like").begin_array();
    for (const MovieId other : card.like) append_title(json, catalog, other);
    json.end_array();
  }
  json.end_object();
}

}  // namespace matinee
