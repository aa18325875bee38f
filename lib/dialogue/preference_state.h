#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/catalog/movie_catalog.h"

namespace matinee {

/// What the system can ask about.
enum class Slot : std::uint8_t { kGenre, kYears, kRuntime, kPopularity, kPerson };
inline constexpr int kSlots = 5;
/// "genre", "years", "runtime", "popularity", "person".
const char* name_of(Slot slot);
std::optional<Slot> slot_from_name(std::string_view name);

/// What the user does in a turn.
enum class UserAct : std::uint8_t {
  kInform,   ///< gives a preference
  kLike,     ///< likes the movie that the system asked about
  kDislike,  ///< dislikes it
  kUnsure,   ///< does not know, does not care or has not seen it
  kAccept,   ///< accepts the recommendation
  kReject,   ///< rejects it
  kSeen,     ///< has seen the recommended movie
  kMore,     ///< asks for a recommendation, or for another one
  kAsk,      ///< asks for a fact of the movie under discussion (`asks`)
  kWhy,      ///< asks why it was recommended
  kLeave,    ///< ends the conversation
  kOther,    ///< small talk: hello, who are you, the weather
};
inline constexpr int kUserActs = 12;
const char* name_of(UserAct act);
std::optional<UserAct> user_act_from_name(std::string_view name);

/// A fact of a movie that a user can ask for.
enum class Fact : std::uint8_t { kCast, kDirector, kWriter, kYear, kRuntime, kGenres, kRating };
inline constexpr int kFacts = 7;
const char* name_of(Fact fact);
std::optional<Fact> fact_from_name(std::string_view name);

/// Whole numbers from low to high, both included.
struct Span {
  std::int32_t low = 0, high = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

enum class Popularity : std::uint8_t { kAny, kPopular, kHidden };
const char* name_of(Popularity popularity);  ///< "any", "popular", "hidden"

/// The user's preferences. Training data, search, chat and evaluation all use this form. Movies and people are ids of
/// the catalog, and display names in JSON. Lists are in the order of mention, without duplicates.
struct PreferenceState {
  std::vector<GenreId> genres, not_genres;
  std::optional<Span> years;    ///< startYear
  std::optional<Span> runtime;  ///< minutes
  Popularity popularity = Popularity::kAny;
  std::vector<PersonId> people, not_people;  ///< cast or director
  std::vector<MovieId> liked, disliked, seen;

  bool empty() const;
  friend bool operator==(const PreferenceState&, const PreferenceState&) = default;
};

/// What one turn of the user says.
struct PreferenceUpdate {
  UserAct act = UserAct::kInform;
  PreferenceState said;
  std::vector<Slot> any;   ///< slots that the user does not care about
  std::vector<Slot> drop;  ///< slots whose earlier values are cleared before `said` is merged
  std::optional<Fact> asks;

  friend bool operator==(const PreferenceUpdate&, const PreferenceUpdate&) = default;
};

/// Merges an update into a state. First, the slots of `drop` are cleared. Then scalars are overwritten and lists grow.
/// A genre, person or movie is in the wanted or the unwanted list, whichever came last.
void merge(PreferenceState& state, const PreferenceUpdate& update);

/// One line of JSON (docs/formats.md) with those of these keys that have a value, in this order:
/// act genres not_genres years runtime popularity people not_people liked disliked seen any drop asks
std::string to_json(const PreferenceState& state, const MovieCatalog& catalog);
std::string to_json(const PreferenceUpdate& update, const MovieCatalog& catalog);

/// The inverse. A state has no act, any, drop or asks. Throws Error(kBadData) with the key for an unknown key, for a
/// genre, movie or person that is not in the catalog, and for a wrong span.
PreferenceState parse_preference_state(std::string_view json, const MovieCatalog& catalog);
PreferenceUpdate parse_preference_update(std::string_view json, const MovieCatalog& catalog);

/// (slot, value) pairs for the F1 score of slots: ("genres", "Comedy"), ("years", "1990-1999"), ("act", "inform") ...
std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceUpdate& update,
                                                             const MovieCatalog& catalog);
std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceState& state, const MovieCatalog& catalog);

}  // namespace matinee
