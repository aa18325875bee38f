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

/// What the system can ask about, in the order of the JSON.
enum class Slot : std::uint8_t { kGenre, kYears, kRuntime, kPopularity, kPerson };
inline constexpr int kSlots = 5;
/// "genre", "years", "runtime", "popularity", "person".
const char* name_of(Slot slot);
std::optional<Slot> slot_from_name(std::string_view name);

/// What a user did in a turn; the first key of an update.
enum class UserAct : std::uint8_t {
  kInform,   ///< says something about the movie that is wanted
  kLike,     ///< likes the movie that was asked about
  kDislike,  ///< does not like it
  kUnsure,   ///< does not know, does not care, has not seen it
  kAccept,   ///< takes the recommendation
  kReject,   ///< does not want it
  kSeen,     ///< has seen the recommended one
  kMore,     ///< wants a recommendation, or another one, now
  kAsk,      ///< asks for a fact of the movie under discussion; which is in `asks`
  kWhy,      ///< asks why it was recommended
  kLeave,    ///< ends the conversation
  kOther,    ///< speaks of something else: hello, who are you, the weather
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

/// What is known of the user: the one form in which it is trained on, searched by, chatted with and evaluated. Movies
/// and people are ids of the catalog; their JSON form is their display name. Lists hold no duplicates, in the order
/// of mention.
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

/// What one turn of the user says: the change of the state, and what the user did. `said` is in the form of a state.
struct PreferenceUpdate {
  UserAct act = UserAct::kInform;
  PreferenceState said;
  std::vector<Slot> any;   ///< slots that the user does not care about
  std::vector<Slot> drop;  ///< slots whose former values are taken back; what `said` has of them is true now
  std::optional<Fact> asks;

  friend bool operator==(const PreferenceUpdate&, const PreferenceUpdate&) = default;
};

/// Puts an update into a state: `drop` empties slots first; scalars are overwritten, lists grow; a genre, person or
/// movie moves between the wanted and the unwanted list rather than standing in both.
void merge(PreferenceState& state, const PreferenceUpdate& update);

/// One line of JSON. Keys in this order, each only where it says something:
/// act genres not_genres years runtime popularity people not_people liked disliked seen any drop asks
/// (docs/formats.md).
std::string to_json(const PreferenceState& state, const MovieCatalog& catalog);
std::string to_json(const PreferenceUpdate& update, const MovieCatalog& catalog);

/// Reads it back. A state has no act, any, drop or asks. Throws Error(kBadData) naming the key where something is
/// unknown: a genre, movie or person that the catalog lacks, a span that is no span, a key that does not exist.
PreferenceState parse_preference_state(std::string_view json, const MovieCatalog& catalog);
PreferenceUpdate parse_preference_update(std::string_view json, const MovieCatalog& catalog);

/// The update as (slot, value) pairs, for slot F1: ("genres", "Comedy"), ("years", "1990-1999"), ("act", "inform") ...
std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceUpdate& update,
                                                             const MovieCatalog& catalog);
std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceState& state, const MovieCatalog& catalog);

}  // namespace matinee
