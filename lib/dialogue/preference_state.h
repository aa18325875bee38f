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

/// A kind of wish. The system can ask about the first kAskableSlots of them.
enum class Slot : std::uint8_t { kGenre, kYears, kRuntime, kPopularity, kPerson, kAge, kRating, kKeyword };
inline constexpr int kSlots = 8, kAskableSlots = 6;
/// "genre", "years", "runtime", "popularity", "person", "age", "rating", "keyword".
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

/// Something about a movie that a user can ask. No catalog knows the facts from kPlot on; a reply says so.
enum class Fact : std::uint8_t {
  kCast,
  kDirector,
  kWriter,
  kYear,
  kRuntime,
  kGenres,
  kRating,
  kAge,     ///< the age rating
  kSeries,  ///< sequels and other parts
  kPlot,
  kWhere,  ///< where it can be watched
  kAwards,
  kTrailer,
  kLanguage,
  kCountry,
};
/// A catalog can know the first kKnownFacts of them.
inline constexpr int kFacts = 15, kKnownFacts = 9;
const char* name_of(Fact fact);
std::optional<Fact> fact_from_name(std::string_view name);

/// Whole numbers from low to high, both included.
struct Span {
  std::int32_t low = 0, high = 0;
  bool contains(std::int32_t value) const { return low <= value && value <= high; }
  bool meets(const Span& other) const { return low <= other.high && other.low <= high; }
  friend bool operator==(const Span&, const Span&) = default;
};

enum class Popularity : std::uint8_t { kAny, kPopular, kHidden };
const char* name_of(Popularity popularity);  ///< "any", "popular", "hidden"

/// The highest age rating that a user wants, by the names of the Motion Picture Association.
enum class AgeRating : std::uint8_t { kG, kPG, kPG13, kR, kNC17 };
inline constexpr int kAgeRatings = 5;
const char* name_of(AgeRating age);  ///< "G", "PG", "PG-13", "R", "NC-17"
std::optional<AgeRating> age_rating_from_name(std::string_view name);

/// The order that a user asks for ("the newest one with Tom Hanks").
enum class SortOrder : std::uint8_t { kNone, kBest, kNewest, kOldest, kPopular };
inline constexpr int kSortOrders = 5;
std::optional<SortOrder> sort_order_from_name(std::string_view name);
const char* name_of(SortOrder order);  ///< "none", "best", "newest", "oldest", "popular"

/// A wish that no catalog can serve; kForeign: the user writes in another language. A reply says so.
enum class Beyond : std::uint8_t {
  kLanguage,
  kCountry,
  kStudio,
  kWhere,
  kAwards,
  kDirector,
  kTheme,
  kMood,
  kTv,
  kForeign
};
inline constexpr int kBeyonds = 10;
std::optional<Beyond> beyond_from_name(std::string_view name);
const char* name_of(Beyond beyond);  ///< "language", "country", "studio", "where", "awards", "director", "theme" ...

/// The user's preferences. Training data, search, chat and evaluation all use this form. Movies and people are ids of
/// the catalog, and display names in JSON. Lists are in the order of mention, without duplicates.
struct PreferenceState {
  std::vector<GenreId> genres, not_genres;
  std::vector<Slot> either;              ///< kGenre, kPerson: one of the wanted genres or people is enough
  std::optional<Span> years, not_years;  ///< startYear
  std::optional<Span> runtime;           ///< minutes
  Popularity popularity = Popularity::kAny;
  std::vector<PersonId> people, not_people;  ///< cast or director
  std::optional<std::int32_t> min_rating;    ///< averageRating in tenths
  std::optional<AgeRating> age;              ///< at most
  std::vector<std::string> keywords;         ///< words of titles in lower case ("christmas")
  SortOrder sort = SortOrder::kNone;
  std::vector<MovieId> liked, disliked, seen;

  bool empty() const;
  friend bool operator==(const PreferenceState&, const PreferenceState&) = default;
};

/// Whether a movie with any one of the slot's wanted values meets the wish ("comedy or horror").
bool one_is_enough(const PreferenceState& state, Slot slot);

class PreferenceNames;

/// What one turn of the user says.
struct PreferenceUpdate {
  UserAct act = UserAct::kInform;
  PreferenceState said;
  std::vector<Slot> any;   ///< slots that the user does not care about
  std::vector<Slot> drop;  ///< slots whose earlier values are cleared before `said` is merged
  std::optional<Fact> asks;
  std::vector<MovieId> about;        ///< movies that are asked about or compared, by name
  std::vector<MovieId> pick;         ///< movies that the user proposes or chooses, by name
  std::int32_t nth = 0;              ///< the n-th movie of the last list, from 1; -1: the last; 0: none
  std::int32_t count = 0;            ///< how many movies are wanted; 0: not said
  std::vector<std::string> unknown;  ///< titles or names that the catalog does not have, as the user wrote them
  std::vector<Beyond> beyond;        ///< what else the user wants

  friend bool operator==(const PreferenceUpdate&, const PreferenceUpdate&) = default;
};

/// Merges an update into a state. First, the slots of `drop` are cleared. Then scalars are overwritten and lists grow.
/// A genre, person or movie is in the wanted or the unwanted list, whichever came last. A span of years that is wanted
/// takes back an unwanted one that it meets, and the other way round.
void merge(PreferenceState& state, const PreferenceUpdate& update);

/// One line of JSON (docs/formats.md) with those of these keys that have a value, in this order:
/// act genres not_genres either years not_years runtime popularity people not_people min_rating age keywords sort
/// liked disliked seen any drop asks about pick nth count unknown beyond
std::string to_json(const PreferenceState& state, const MovieCatalog& catalog);
std::string to_json(const PreferenceUpdate& update, const MovieCatalog& catalog);

/// The inverse. A state has no act, any, drop or asks. Throws Error(kBadData) with the key for an unknown key, for a
/// genre, movie or person that is not in the catalog, and for a wrong span.
PreferenceState parse_preference_state(std::string_view json, const MovieCatalog& catalog);
/// The same where users write the JSON: names as `names` reads them, one text in place of a list of one.
PreferenceState parse_preference_state(std::string_view json, const PreferenceNames& names);
PreferenceUpdate parse_preference_update(std::string_view json, const MovieCatalog& catalog);

/// (slot, value) pairs for the F1 score of slots: ("genres", "Comedy"), ("years", "1990-1999"), ("act", "inform") ...
std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceUpdate& update,
                                                             const MovieCatalog& catalog);
std::vector<std::pair<std::string, std::string>> slot_values(const PreferenceState& state, const MovieCatalog& catalog);

}  // namespace matinee
